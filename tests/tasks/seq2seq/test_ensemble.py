"""Ensembles average probabilities."""

import torch

from grunlp.tasks.seq2seq.ensemble import Ensemble
from tests.tasks.seq2seq.small_seq2seq import PAIRS, batch, toy


def test_ensemble_averages_probabilities() -> None:
    models, pairs = [toy(1), toy(2)], batch(PAIRS)
    both = Ensemble(models)
    with torch.no_grad():
        tokens = torch.tensor([2, 2, 2, 2])
        mean, _, state = both.step(tokens, both.encode(pairs.source, pairs.source_lengths))
        ones = [model.step(tokens, model.encode(pairs.source, pairs.source_lengths))[0] for model in models]
        torch.testing.assert_close(mean.exp(), (ones[0].exp() + ones[1].exp()) / 2)
        both.step(torch.tensor([4]), state.reorder(torch.tensor([[2]])))
