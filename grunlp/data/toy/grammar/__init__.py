"""Grammar that generates the toy corpus of semantic roles."""
