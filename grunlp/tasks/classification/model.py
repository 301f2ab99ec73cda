"""A class for a sequence: of words, or of measurements."""

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch
from grunlp.tasks.classification.options import Pooling

POOLINGS = get_args(Pooling)


class TimeSeriesEncoder(nn.Module):
    """Measurements, each feature brought to mean 0 and deviation 1 → layers of GRUs, each perhaps narrower.

    Args:
        mean, deviation: (C,) of each feature in the training data.
        hidden_size: H of the lowest layer, a direction.
        num_layers: layers.
        layer_width_ratio: units of a layer over those of the layer below it.
        bidirectional: D = 2 directions, else one.
        cell: see `StackedGRU`.
        input_dropout, dropout: variational, of the measurements, and after each layer but the last.

    Attributes:
        directions: D.
        output_size: D times the units of the highest layer.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(
        self,
        mean: Tensor,
        deviation: Tensor,
        hidden_size: int,
        num_layers: int,
        layer_width_ratio: float,
        bidirectional: bool,
        cell: Cell,
        input_dropout: float,
        dropout: float,
    ) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(dropout)
        self.layers = nn.ModuleList()
        size = len(mean)
        for depth in range(num_layers):
            units = max(1, round(hidden_size * layer_width_ratio**depth))
            layer = StackedGRU(size, units, 1, bidirectional, 0.0, "none", cell)
            self.layers.append(layer)
            size = layer.output_size
        self.directions, self.output_size = 1 + bidirectional, size

    def forward(self, batch: TimeSeriesBatch) -> Tensor:
        """(B, T, output_size) states of the highest layer."""
        states = self.input_dropout((batch.values - self.mean) / self.deviation)
        for depth, layer in enumerate(self.layers):
            states, _ = layer(self.dropout(states) if depth else states, batch.lengths)
        return states


class TextEncoder(nn.Module):
    """Words → their states, and beside each the word itself, as in recurrent convolutional networks (Lai et al. 2015,
    eq. 3).

    Args:
        sentences: reads the words; a text of several sentences is read as one.
        concat_embeddings: whether the words themselves are among the features.

    Attributes:
        directions: 2.
        output_size: features of a step.
    """

    def __init__(self, sentences: SentenceEncoder, concat_embeddings: bool) -> None:
        super().__init__()
        self.sentences, self.concat_embeddings, self.directions = sentences, concat_embeddings, 2
        self.output_size = sentences.output_size + (sentences.word_size if concat_embeddings else 0)

    def forward(self, batch: TextClassificationBatch) -> Tensor:
        """(B, T, output_size) states and words."""
        states, words = self.sentences(batch)
        return torch.cat([states, words], dim=2) if self.concat_embeddings else states


class Classifier(nn.Module):
    """Encoder → one vector a sequence → scores of the K classes; of two classes, one score and a sigmoid.

    Args:
        classes: K of them.
        encoder: gives features of each step.
        pooling: "last": the last state of each direction; "max" and "mean" over the steps; "attention": their mean,
            weighted by learned scores (Yang et al. 2016, eq. 5-7).
        dropout: of the vector.
        label_smoothing: share of the target that is spread over all classes.
    """

    def __init__(
        self,
        classes: Sequence[str],
        encoder: TextEncoder | TimeSeriesEncoder,
        pooling: Pooling,
        dropout: float,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        if pooling not in POOLINGS:
            raise ValueError(f"pooling is one of {', '.join(POOLINGS)}, got {pooling!r}")
        if pooling == "last" and isinstance(encoder, TextEncoder) and encoder.concat_embeddings:
            raise ValueError("pooling=last takes states alone: words beside them have no last one")
        self.classes, self.encoder, self.pooling = list(classes), encoder, pooling
        size = encoder.output_size
        self.attention = nn.Sequential(nn.Linear(size, size), nn.Tanh()) if pooling == "attention" else None
        self.context = nn.Linear(size, 1, bias=False) if pooling == "attention" else None
        self.dropout, self.label_smoothing = nn.Dropout(dropout), label_smoothing
        self.scores = nn.Linear(size, len(self.classes) if len(self.classes) > 2 else 1)

    def forward(self, batch: TextClassificationBatch | TimeSeriesBatch) -> tuple[Tensor, Tensor]:
        """Log probabilities of the classes (B, K), and how much each step counts (B, T): the weights of attention, the
        share of features whose maximum a step has, or all alike."""
        vector, weights = self.pool(self.encoder(batch), batch.lengths)
        scores = self.scores(self.dropout(vector))
        if len(self.classes) > 2:
            return scores.log_softmax(dim=1), weights
        return torch.cat([functional.logsigmoid(-scores), functional.logsigmoid(scores)], dim=1), weights

    def pool(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """One vector a sequence (B, F), 0 for an empty one, and the weights of its steps (B, T).

        states: (B, T, F); lengths: (B,).
        """
        batch, steps, size = states.shape
        real = torch.arange(steps, device=states.device) < lengths[:, None]  # (B, T)
        share = real / lengths.clamp(min=1)[:, None]  # (B, T)
        if not steps:
            return states.new_zeros(batch, size), share
        if self.pooling == "last":
            last = states[torch.arange(batch), (lengths - 1).clamp(min=0)]  # (B, F)
            half = size // self.encoder.directions
            vector = torch.cat([last[:, :half], states[:, 0, half:]], dim=1) * real[:, :1]
            return vector, (torch.arange(steps, device=states.device) == lengths[:, None] - 1).to(states)
        if self.pooling == "max":
            vector, where = states.masked_fill(~real[:, :, None], -torch.inf).max(dim=1)  # (B, F)
            ones = torch.full_like(vector, 1 / size)
            weights = states.new_zeros(batch, steps).scatter_add(1, where, ones) * real
            return vector.where(real[:, :1], 0.0), weights
        if self.attention is not None and self.context is not None:
            scores = self.context(self.attention(states))[:, :, 0]  # (B, T)
            share = scores.float().masked_fill(~real, -1e9).softmax(dim=1).to(states) * real
        return torch.einsum("bt,btf->bf", share, states.masked_fill(~real[:, :, None], 0.0)), share

    def loss(self, log_probs: Tensor, batch: TextClassificationBatch | TimeSeriesBatch) -> Tensor:
        """Mean cross-entropy of those whose class is known. log_probs: (B, K) of this batch."""
        known = batch.labels != IGNORE_INDEX
        right = functional.nll_loss(log_probs, batch.labels, ignore_index=IGNORE_INDEX, reduction="sum")
        smoothed = (1 - self.label_smoothing) * right - self.label_smoothing * log_probs[known].mean(dim=1).sum()
        return smoothed / known.sum().clamp(min=1)
