"""Training a classifier: its training step, adversarial losses and trainer."""
