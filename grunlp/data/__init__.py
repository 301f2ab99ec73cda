"""Corpora and what turns them into batches: readers, vocabularies, tokenizers, collators."""
