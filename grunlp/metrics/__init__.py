"""Evaluation metrics with confidence intervals, significance tests and reports."""
