"""Scoring a trained language model on a text."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from grunlp.data.subword_tokenizer import EOS_ID, UNK_ID, TextTokenizer
from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches, encode_corpus
from grunlp.tasks.language_modeling.metrics import LanguageModelScores
from grunlp.tasks.language_modeling.model import LanguageModel

_LENGTH = 1000  # tokens read at once


@dataclass(frozen=True)
class DynamicEvaluation:
    """Learning on from what has been told already, as a reader does (Krause et al. 2018, §3).

    After each segment the weights take a step down the gradient of its nats, θ ← θ - η ∇, and then a share of the way
    back to where they were trained to, θ ← θ + λ (θ₀ - θ). No token is learned from before it is told.

    Args:
        rate: η, for the gradient of the mean over a segment, clipped at norm 1.
        decay: λ.
        length: tokens of a segment.
    """

    rate: float
    decay: float
    length: int


def evaluate_language_model(
    model: LanguageModel, tokenizer: TextTokenizer, lines: Sequence[str], dynamic: DynamicEvaluation | None
) -> LanguageModelScores:
    """How well a text is told, from its first token to its last in one row: no padding, nothing told twice.

    Args:
        model: in evaluation mode; it is not changed.
        tokenizer: of its vocabulary.
        lines: the text, one line at least.
        dynamic: learn while reading; None: only read.
    """
    ids = encode_corpus(tokenizer, lines)
    windows = BPTTBatches(ids, 1, dynamic.length, dynamic.length) if dynamic else BPTTBatches(ids, 1, _LENGTH, _LENGTH)
    if dynamic:
        model = copy.deepcopy(model)
        trained = [parameter.detach().clone() for parameter in model.parameters()]
    told = np.empty(len(ids))
    state, place = model.initial_state(1), 0
    for k in range(len(windows)):
        window = windows[k]
        with torch.set_grad_enabled(dynamic is not None):
            features, state = model(window.inputs, window.lengths, state)
            nats = model.nll(features[0], window.targets[0])
        told[place : place + len(nats)] = nats.detach().numpy()
        place += len(nats)
        state = state.detach()
        if dynamic:
            _adapt(model, nats.mean(), trained, dynamic)
    ends = np.flatnonzero(ids.numpy() == EOS_ID)
    starts = np.concatenate([[0], ends[:-1] + 1])
    return LanguageModelScores(
        np.add.reduceat(told, starts),
        ends + 1 - starts,
        np.array([len(tokenizer.normalize(line)) + 1 for line in lines]),
        np.array([len(line.split()) + 1 for line in lines]),
        np.add.reduceat((ids == UNK_ID).numpy().astype(np.int64), starts),
    )


def _adapt(
    model: LanguageModel, loss: torch.Tensor, trained: Sequence[torch.Tensor], dynamic: DynamicEvaluation
) -> None:
    """One step of dynamic evaluation."""
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(loss, parameters, allow_unused=True)
    found = [(p, g, t) for p, g, t in zip(parameters, gradients, trained, strict=True) if g is not None]
    norm = float(torch.stack([g.norm() for _, g, _ in found]).norm())
    rate = dynamic.rate / max(1.0, norm)
    with torch.no_grad():
        for parameter, gradient, start in found:
            parameter.sub_(gradient, alpha=rate).lerp_(start, dynamic.decay)
