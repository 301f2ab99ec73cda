"""Hydra composition, schema, saved configurations and their migrations."""
