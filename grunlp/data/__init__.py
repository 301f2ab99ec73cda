"""Examples: files, readers, vocabularies, batches."""
