"""Reading reviews from a source and turning them into ids: tokenizing, truncating, encoding and padding."""
