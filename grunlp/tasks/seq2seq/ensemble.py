"""Ensemble of sequence-to-sequence models."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from grunlp.tasks.seq2seq.model import Seq2Seq, Seq2SeqState


@dataclass
class EnsembleState:
    """The states of all models."""

    states: list[Seq2SeqState]

    def reorder(self, rows: Tensor) -> "EnsembleState":
        """Select hypotheses; see `Seq2SeqState.reorder`."""
        return EnsembleState([state.reorder(rows) for state in self.states])


class Ensemble:
    """An ensemble that averages the probabilities of models with the same vocabularies.

    Args:
        models: the models, at least one, in evaluation mode.
    """

    def __init__(self, models: Sequence[Seq2Seq]) -> None:
        self.models = list(models)

    def encode(self, source: Tensor, lengths: Tensor) -> EnsembleState:
        """Encode sources; see `Seq2Seq.encode`."""
        return EnsembleState([model.encode(source, lengths) for model in self.models])

    def step(self, tokens: Tensor, state: EnsembleState) -> tuple[Tensor, Tensor, EnsembleState]:
        """Read one token; see `Seq2Seq.step`. The attention is averaged too."""
        steps = [model.step(tokens, model_state) for model, model_state in zip(self.models, state.states, strict=True)]
        log_probs, attention, states = zip(*steps, strict=True)
        mean = torch.stack(log_probs).logsumexp(dim=0) - torch.tensor(len(steps)).log()
        return mean, torch.stack(attention).mean(dim=0), EnsembleState(list(states))
