"""Matrix products of bfloat16 numbers, for CPUs with the matrix unit AMX; everything else is float32."""
