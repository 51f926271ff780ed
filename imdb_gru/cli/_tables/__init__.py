"""The tables that commands print for people."""
