"""A network that tells the next word, sub-word or character of a running text."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.subword_tokenizer import EOS_ID, PAD_ID, UNK_ID
from grunlp.modules.dropout import TokenDropout, VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell, Residual
from grunlp.modules.rnn_weights import RNNLayerOptions

MIN_ADAPTIVE_VOCAB = 40  # tokens, so that the first of the three parts has two


class LanguageModel(nn.Module):
    """Embeddings, a stack of GRUs, and scores of the next token.

    Its state is that of the stack, (L, R, state_size) for R texts.

    Args:
        vocabulary_size: V.
        embedding_size: E, features of an embedding, and of what the next token is scored from.
        hidden_size: of each layer.
        num_layers: of the stack.
        cell, residual, weight_drop: see `StackedGRU`.
        tie_embeddings: the table of embeddings scores the next token too (Press and Wolf 2017; Inan et al. 2017).
        adaptive_softmax: adaptive softmax (Grave et al. 2017, §4): the vocabulary in three parts, cut at V / 20 and V /
            5, the
            most frequent first (as those of words are). The later ones have a quarter and a sixteenth of the features,
            and are scored only where one of theirs is the next.
        word_dropout: probability of a token to be read as unknown.
        input_dropout: of embeddings. dropout: between layers and before scoring.

    Raises:
        ValueError: `adaptive_softmax` with `tie_embeddings`, or with fewer than MIN_ADAPTIVE_VOCAB tokens or 16
            features.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        cell: Cell,
        residual: Residual,
        tie_embeddings: bool,
        adaptive_softmax: bool,
        word_dropout: float,
        input_dropout: float,
        dropout: float,
        weight_dropout: float,
    ) -> None:
        super().__init__()
        if adaptive_softmax and tie_embeddings:
            raise ValueError("adaptive softmax has a table for each part of the vocabulary: it cannot be tied")
        if adaptive_softmax and (vocabulary_size < MIN_ADAPTIVE_VOCAB or embedding_size < 16):
            needed, there = f"{MIN_ADAPTIVE_VOCAB} tokens and 16 features", f"{vocabulary_size} and {embedding_size}"
            raise ValueError(f"adaptive softmax needs {needed} at least, here are {there}")
        self.embeddings = nn.Embedding(vocabulary_size, embedding_size, padding_idx=PAD_ID)
        nn.init.normal_(self.embeddings.weight.data, std=embedding_size**-0.5)
        self.embeddings.weight.data[PAD_ID] = 0
        self.stack = StackedGRU(
            embedding_size,
            hidden_size,
            num_layers,
            False,
            dropout,
            residual,
            cell,
            options=RNNLayerOptions(weight_dropout=weight_dropout),
        )
        self.readout = nn.Linear(hidden_size, embedding_size)
        self.adaptive: nn.AdaptiveLogSoftmaxWithLoss | None = None
        if adaptive_softmax:
            cuts = [vocabulary_size // 20, vocabulary_size // 5]
            self.adaptive = nn.AdaptiveLogSoftmaxWithLoss(embedding_size, vocabulary_size, cuts, 4.0, head_bias=True)
        self.output = (
            None if tie_embeddings or adaptive_softmax else nn.Linear(embedding_size, vocabulary_size, bias=False)
        )
        self.bias = None if adaptive_softmax else nn.Parameter(torch.zeros(vocabulary_size))
        self.word_dropout = TokenDropout(word_dropout, UNK_ID, EOS_ID + 1)
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(dropout)

    def initial_state(self, batch_size: int) -> Tensor:
        """The state before the first token of R texts: zero."""
        return self.readout.weight.new_zeros(self.stack.num_layers, batch_size, self.stack.state_size)

    def forward(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Read on.

        Args:
            inputs: (R, T) ids, padded at the end.
            lengths: (R,) how many are real.
            state: after what was read before.

        Returns:
            (R, T, E), from which the next tokens are scored, and the state after the last.
        """
        embedded = self.input_dropout(self.embeddings(self.word_dropout(inputs)))
        outputs, state = self.stack(embedded, lengths, state)
        return self.dropout(self.readout(self.dropout(outputs))), state

    def nll(self, features: Tensor, targets: Tensor) -> Tensor:
        """Minus the log probability of each target. features: (N, E); targets: (N,) → (N,)."""
        if self.adaptive is not None:
            told: Tensor = self.adaptive(features, targets).output
            return -told
        return functional.cross_entropy(self._scores(features), targets, reduction="none")

    def log_probs(self, features: Tensor) -> Tensor:
        """Log probabilities of all tokens. features: (N, E) → (N, V)."""
        if self.adaptive is not None:
            return self.adaptive.log_prob(features)
        return self._scores(features).log_softmax(dim=1)

    def _scores(self, features: Tensor) -> Tensor:
        table = self.embeddings.weight if self.output is None else self.output.weight
        return functional.linear(features, table, self.bias)

    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """One token of each text: tokens (R,) → log probabilities of the next (R, V), and the state after it."""
        features, state = self(tokens[:, None], torch.ones_like(tokens), state)
        return self.log_probs(features[:, 0]), state
