"""Training a next-word model: its Keras model, batches and trainer."""
