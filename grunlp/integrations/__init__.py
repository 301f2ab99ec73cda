"""spaCy component and sharded prediction."""
