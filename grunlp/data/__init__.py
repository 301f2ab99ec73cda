"""Data: readers, corpora, vocabularies, tokenizers, and the collators and samplers that make batches."""
