"""The training of a classifier: its train step, adversarial losses and trainer."""
