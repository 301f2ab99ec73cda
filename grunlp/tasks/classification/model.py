"""Networks that classify sequences of words or of measurements."""

from collections.abc import Sequence
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.tasks.classification.collate import TextClassificationBatch, TimeSeriesBatch
from grunlp.tasks.classification.options import ClassifierOptions, Pooling


class TimeSeriesEncoder(nn.Module):
    """An encoder that standardizes measurements and applies GRU layers, each optionally narrower than the one below.

    Args:
        options: sizes and regularization.
        mean: (C,) mean of each feature in the training data.
        deviation: (C,) standard deviation of each feature in the training data.

    Attributes:
        directions: D.
        output_size: D times the number of units of the top layer.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, options: ClassifierOptions, mean: Tensor, deviation: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean)
        self.register_buffer("deviation", deviation)
        self.input_dropout = VariationalDropout(options.input_dropout)
        self.dropout = VariationalDropout(options.dropout)
        self.layers = nn.ModuleList()
        size = len(mean)
        for depth in range(options.num_layers):
            units = max(1, round(options.hidden_size * options.layer_width_ratio**depth))
            layer = StackedGRU(size, units, 1, options.bidirectional, 0.0, "none", options.cell)
            self.layers.append(layer)
            size = layer.output_size
        self.directions, self.output_size = 1 + options.bidirectional, size

    def forward(self, batch: TimeSeriesBatch) -> Tensor:
        """Return the states of the top layer (B, T, output_size)."""
        states = self.input_dropout((batch.values - self.mean) / self.deviation)
        for depth, layer in enumerate(self.layers):
            states, _ = layer(self.dropout(states) if depth else states, batch.lengths)
        return states


class TextEncoder(nn.Module):
    """A sentence encoder with states and word representations concatenated, as in recurrent convolutional networks.

    See Lai et al. 2015, eq. 3. A text of several sentences is read as a single sequence. With `pooling=last` the output
    has only the states.

    Args:
        options: sizes and regularization.
        vocabulary: words and characters.
        pretrained: a pretrained encoder whose states are concatenated with the word embeddings, or None.

    Attributes:
        directions: 2.
        output_size: number of features of a step.
    """

    def __init__(
        self, options: ClassifierOptions, vocabulary: Vocabulary, pretrained: PretrainedEncoder | None = None
    ) -> None:
        super().__init__()
        self.sentences = SentenceEncoder(
            options,
            vocabulary,
            pretrained,
            input_dropout=options.input_dropout,
            word_dropout=options.word_dropout,
            word_shape_features=options.word_shape_features,
        )
        self.concat_embeddings, self.directions = options.pooling != "last", 2
        self.output_size = self.sentences.output_size + (self.sentences.word_size if self.concat_embeddings else 0)

    def forward(self, batch: TextClassificationBatch) -> Tensor:
        """Return the output of each step (B, T, output_size)."""
        states, words = self.sentences(batch)
        return torch.cat([states, words], dim=2) if self.concat_embeddings else states


class Classifier(nn.Module):
    """A classifier: an encoder, pooling into one vector for each sequence, and a layer that scores the K classes.

    Two classes have one score with a sigmoid. Pooling is "last": the last state of each direction; "max" or "mean":
    over the steps; or "attention": the mean over the steps, weighted by learned scores (Yang et al. 2016, eq. 5-7).

    Args:
        options: pooling, dropout of the vector and label smoothing.
        classes: names of the classes.
        encoder: computes the features of each step.

    Raises:
        ValueError: the pooling is unknown.
    """

    def __init__(
        self, options: ClassifierOptions, classes: Sequence[str], encoder: TextEncoder | TimeSeriesEncoder
    ) -> None:
        super().__init__()
        pooling = options.pooling
        if pooling not in get_args(Pooling):
            raise ValueError(f"pooling must be one of {', '.join(get_args(Pooling))}, got {pooling!r}")
        self.classes, self.encoder, self.pooling = list(classes), encoder, pooling
        size = encoder.output_size
        self.attention = nn.Sequential(nn.Linear(size, size), nn.Tanh()) if pooling == "attention" else None
        self.context = nn.Linear(size, 1, bias=False) if pooling == "attention" else None
        self.dropout, self.label_smoothing = nn.Dropout(options.dropout), options.label_smoothing
        self.scores = nn.Linear(size, len(self.classes) if len(self.classes) > 2 else 1)

    def forward(self, batch: TextClassificationBatch | TimeSeriesBatch) -> tuple[Tensor, Tensor]:
        """Classify the sequences of a batch.

        Returns:
            log probabilities of the classes (B, K), and the weight of each step (B, T): its attention weight, the
            fraction of features that have their maximum there, or the same for all steps.
        """
        vector, weights = self.pool(self.encoder(batch), batch.lengths)
        scores = self.scores(self.dropout(vector))
        if len(self.classes) > 2:
            return scores.log_softmax(dim=1), weights
        return torch.cat([functional.logsigmoid(-scores), functional.logsigmoid(scores)], dim=1), weights

    def pool(self, states: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Pool states (B, T, F) into one vector for each sequence.

        Args:
            states: (B, T, F).
            lengths: (B,).

        Returns:
            the vectors (B, F), 0 for an empty sequence, and the weights of the steps (B, T).
        """
        batch_size, steps, size = states.shape
        is_real = torch.arange(steps, device=states.device) < lengths[:, None]  # (B, T)
        weights = is_real / lengths.clamp(min=1)[:, None]  # (B, T)
        if not steps:
            return states.new_zeros(batch_size, size), weights
        if self.pooling == "last":
            last = states[torch.arange(batch_size), (lengths - 1).clamp(min=0)]  # (B, F)
            forward_size = size // self.encoder.directions
            vector = torch.cat([last[:, :forward_size], states[:, 0, forward_size:]], dim=1) * is_real[:, :1]
            return vector, (torch.arange(steps, device=states.device) == lengths[:, None] - 1).to(states)
        if self.pooling == "max":
            vector, step = states.masked_fill(~is_real[:, :, None], -torch.inf).max(dim=1)  # (B, F)
            fractions = torch.full_like(vector, 1 / size)
            weights = states.new_zeros(batch_size, steps).scatter_add(1, step, fractions) * is_real
            return vector.where(is_real[:, :1], 0.0), weights
        if self.attention is not None and self.context is not None:
            scores = self.context(self.attention(states))[:, :, 0]  # (B, T)
            weights = scores.float().masked_fill(~is_real, -1e9).softmax(dim=1).to(states) * is_real
        return torch.einsum("bt,btf->bf", weights, states.masked_fill(~is_real[:, :, None], 0.0)), weights

    def loss(self, log_probs: Tensor, batch: TextClassificationBatch | TimeSeriesBatch) -> Tensor:
        """Return the mean cross-entropy of the sequences whose class is known, from log probabilities (B, K)."""
        is_known = batch.labels != IGNORE_INDEX
        nll = functional.nll_loss(log_probs, batch.labels, ignore_index=IGNORE_INDEX, reduction="sum")
        uniform = log_probs[is_known].mean(dim=1).sum()
        loss = (1 - self.label_smoothing) * nll - self.label_smoothing * uniform
        return loss / is_known.sum().clamp(min=1)
