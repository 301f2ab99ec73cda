"""Named data sets and the user's own files as three splits of examples.

Splits are Hugging Face `datasets`: Arrow files, memory-mapped, so that a corpus larger than memory trains. A
parsed file is kept in the cache of `datasets` under its path, size and time of change, and the code that parsed it.
"""
