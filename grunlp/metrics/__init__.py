"""Scores, their intervals and their tables."""
