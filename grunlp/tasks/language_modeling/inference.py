"""Evaluation of a language model on a text, statically or dynamically."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from grunlp.data.subword_tokenizer import EOS_ID, UNK_ID, TextTokenizer
from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches, encode_corpus
from grunlp.tasks.language_modeling.metrics import LanguageModelScores
from grunlp.tasks.language_modeling.model import LanguageModel

_WINDOW_SIZE = 1000  # tokens read at once


@dataclass(frozen=True)
class DynamicEvaluation:
    """Options of dynamic evaluation, which adapts the weights to the text read so far (Krause et al. 2018, §3).

    After each segment the weights take a gradient step on its loss, θ ← θ - η ∇, and then move a fraction of the way
    back to the trained weights, θ ← θ + λ (θ₀ - θ). Each token is predicted before the weights are adapted to it.

    Args:
        rate: η, the learning rate for the gradient of the mean loss of a segment, clipped to norm 1.
        decay: λ, the rate of return to the trained weights.
        length: number of tokens of a segment.
    """

    rate: float
    decay: float
    length: int


def evaluate_language_model(
    model: LanguageModel, tokenizer: TextTokenizer, lines: Sequence[str], dynamic: DynamicEvaluation | None
) -> LanguageModelScores:
    """Score a text as one continuous sequence, without padding; every token is predicted exactly once.

    Args:
        model: the network, in evaluation mode; it is not changed.
        tokenizer: the tokenizer of the model.
        lines: the text, at least one line.
        dynamic: options of dynamic evaluation; None for static evaluation.
    """
    ids = encode_corpus(tokenizer, lines)
    size = dynamic.length if dynamic else _WINDOW_SIZE
    windows = BPTTBatches(ids, 1, size, size)
    if dynamic:
        model = copy.deepcopy(model)
        trained = [parameter.detach().clone() for parameter in model.parameters()]
    losses = np.empty(len(ids))
    state, start = model.initial_state(1), 0
    for k in range(len(windows)):
        window = windows[k]
        with torch.set_grad_enabled(dynamic is not None):
            features, state = model(window.inputs, window.lengths, state)
            nll = model.nll(features[0], window.targets[0])
        losses[start : start + len(nll)] = nll.detach().numpy()
        start += len(nll)
        state = state.detach()
        if dynamic:
            _adapt(model, nll.mean(), trained, dynamic)
    ends = np.flatnonzero(ids.numpy() == EOS_ID)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return LanguageModelScores(
        np.add.reduceat(losses, starts),
        ends + 1 - starts,
        np.array([len(tokenizer.normalize(line)) + 1 for line in lines]),
        np.array([len(line.split()) + 1 for line in lines]),
        np.add.reduceat((ids == UNK_ID).numpy().astype(np.int64), starts),
    )


def _adapt(
    model: LanguageModel, loss: torch.Tensor, trained: Sequence[torch.Tensor], dynamic: DynamicEvaluation
) -> None:
    """Take one step of dynamic evaluation."""
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    updates = [(p, g, t) for p, g, t in zip(parameters, gradients, trained, strict=True) if g is not None]
    norm = float(torch.stack([g.norm() for _, g, _ in updates]).norm())
    rate = dynamic.rate / max(1.0, norm)
    with torch.no_grad():
        for parameter, gradient, trained_value in updates:
            parameter.sub_(gradient, alpha=rate).lerp_(trained_value, dynamic.decay)
