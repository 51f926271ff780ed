"""Reviews as ids: read from a source, tokenized, encoded, truncated and padded."""
