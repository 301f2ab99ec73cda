"""Trained networks as graphs that other programs run, and what proves that they compute the same."""
