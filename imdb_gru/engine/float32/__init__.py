"""Float32 arithmetic, for every CPU."""
