"""Operating system services: locks, threads, memory, signals, and files that may be malicious or incomplete."""
