"""Arithmetic for CPUs with AMX or AVX512_BF16: matrix products in bfloat16, everything else in float32."""
