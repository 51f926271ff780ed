"""Arithmetic for CPUs with the matrix unit AMX: matrix products in bfloat16, everything else in float32."""
