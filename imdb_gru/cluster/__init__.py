"""Training and bulk prediction on a Ray cluster."""
