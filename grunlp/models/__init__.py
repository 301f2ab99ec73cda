"""Finished networks; they know no config and no trainer."""
