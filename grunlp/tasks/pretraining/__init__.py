"""Masked-word pretraining of the sentence encoder."""
