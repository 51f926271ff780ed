"""Comparing models on the same reviews: the candidates, their training, their predictions and the figures.

Nothing here loads TensorFlow into this process: networks are trained in processes of their own.
"""
