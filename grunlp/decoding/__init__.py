"""Decoding: Viterbi search for tag sequences, beam search and sampling for text."""
