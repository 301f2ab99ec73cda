"""Named data sets, the user's own files and data sets of the Hugging Face hub, as three splits of examples.

Splits are Hugging Face `datasets`: memory-mapped Arrow files, so that a corpus larger than memory can be trained on.
"""
