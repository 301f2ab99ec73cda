"""Questions that take many trainings: which cell, which value of a key."""
