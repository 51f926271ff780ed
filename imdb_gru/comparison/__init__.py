"""Comparison of models on the same reviews: candidates, training, predictions and metrics.

This package does not load TensorFlow into the calling process: every network is trained in a child process.
"""
