"""Operating system services: locks, threads, memory, signals, and files that may be hostile or half-written."""
