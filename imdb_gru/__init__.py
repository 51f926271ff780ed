"""Train, judge and explain a small GRU sentiment model from the command line."""

__version__ = "0.1.0"
