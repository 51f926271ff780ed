"""Turning text into tokens and tokens into ids, and showing words in colour."""
