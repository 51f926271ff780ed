"""Arithmetic with bfloat16 matrix products, for CPUs with the matrix unit AMX; everything else is float32."""
