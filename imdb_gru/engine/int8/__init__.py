"""Prediction with matrix products of 8-bit integers, for CPUs with VNNI."""
