"""Training a next-word model: the Keras model, the batches and the trainer."""
