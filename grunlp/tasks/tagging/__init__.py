"""Sequence tagging: named entities, chunks and parts of speech."""
