"""Comparison of models on the same reviews: candidates, training, predictions and metrics.

This package does not load TensorFlow into its own process: every network is trained in a separate process.
"""
