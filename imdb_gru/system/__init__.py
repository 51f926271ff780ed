"""What the operating system offers: files that may be hostile or half written, locks, threads, memory, signals."""
