"""Comparison of models on the same reviews: candidates, training, predictions and metrics.

Nothing here loads TensorFlow into this process: every network is trained in a separate process.
"""
