"""Errors, file access, signals, ranks and command-line plumbing."""
