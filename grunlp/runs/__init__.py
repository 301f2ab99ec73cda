"""Run folders: layout, weights, locking."""
