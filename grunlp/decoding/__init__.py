"""Decoding: Viterbi search of tag sequences, and beam search and sampling of text."""
