"""Float32 arithmetic, available on every CPU."""
