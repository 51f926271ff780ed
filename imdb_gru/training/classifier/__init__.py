"""Training a classifier: the training step, the adversarial losses and the trainer."""
