"""Language modelling: prediction of the next word, sub-word or character of a running text."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.subword_tokenizer import EOS_ID, PAD_ID, UNK_ID
from grunlp.modules.dropout import TokenDropout, VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.rnn_weights import RNNLayerOptions
from grunlp.tasks.language_modeling.options import LanguageModelOptions

MIN_ADAPTIVE_VOCAB = 40  # tokens, so that the first of the three clusters has two


class LanguageModel(nn.Module):
    """A language model: embeddings, a stack of GRU layers, and an output layer that scores the next token.

    Its state is that of the stack, (L, R, state_size) for R texts. With `tie_embeddings` the embeddings also score the
    next token (Press and Wolf 2017; Inan et al. 2017). With `adaptive_softmax` (Grave et al. 2017, §4) the vocabulary
    has three clusters, cut at V / 20 and V / 5, the most frequent tokens first (the order of word vocabularies). The
    second and third cluster have a quarter and a sixteenth of the features, and are scored only where the next token
    belongs to them.

    Args:
        options: sizes and regularization.
        vocabulary_size: V, size of the vocabulary.

    Raises:
        ValueError: `adaptive_softmax` with `tie_embeddings`, with less than MIN_ADAPTIVE_VOCAB tokens or 16 features.
    """

    def __init__(self, options: LanguageModelOptions, vocabulary_size: int) -> None:
        super().__init__()
        size = options.embedding_size
        if options.adaptive_softmax and options.tie_embeddings:
            raise ValueError(
                "adaptive_softmax has an embedding for each cluster of the vocabulary: it needs tie_embeddings=False"
            )
        if options.adaptive_softmax and (vocabulary_size < MIN_ADAPTIVE_VOCAB or size < 16):
            required = f"at least {MIN_ADAPTIVE_VOCAB} tokens and 16 features"
            raise ValueError(f"adaptive_softmax needs {required}, got {vocabulary_size} and {size}")
        self.embeddings = nn.Embedding(vocabulary_size, size, padding_idx=PAD_ID)
        nn.init.normal_(self.embeddings.weight.data, std=size**-0.5)
        self.embeddings.weight.data[PAD_ID] = 0
        self.stack = StackedGRU(
            size,
            options.hidden_size,
            options.num_layers,
            bidirectional=False,
            dropout=options.dropout,
            residual=options.residual,
            cell=options.cell,
            options=RNNLayerOptions(weight_dropout=options.weight_dropout),
        )
        self.readout = nn.Linear(options.hidden_size, size)
        self.adaptive: nn.AdaptiveLogSoftmaxWithLoss | None = None
        if options.adaptive_softmax:
            cutoffs = [vocabulary_size // 20, vocabulary_size // 5]
            self.adaptive = nn.AdaptiveLogSoftmaxWithLoss(size, vocabulary_size, cutoffs, 4.0, head_bias=True)
        has_output = not (options.tie_embeddings or options.adaptive_softmax)
        self.output = nn.Linear(size, vocabulary_size, bias=False) if has_output else None
        self.bias = None if options.adaptive_softmax else nn.Parameter(torch.zeros(vocabulary_size))
        self.word_dropout = TokenDropout(options.word_dropout, UNK_ID, EOS_ID + 1)
        self.input_dropout = VariationalDropout(options.input_dropout)
        self.dropout = VariationalDropout(options.dropout)

    def initial_state(self, batch_size: int) -> Tensor:
        """Return the state before the first token of R texts, which is zero."""
        return self.readout.weight.new_zeros(self.stack.num_layers, batch_size, self.stack.state_size)

    def forward(self, inputs: Tensor, lengths: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Read tokens and compute the features that predict the tokens after them.

        Args:
            inputs: (R, T) token ids, padded at the end.
            lengths: (R,) number of tokens that are not padding.
            state: the state after the previous tokens.

        Returns:
            features (R, T, E), from which the next tokens are scored, and the state after the last token.
        """
        embedded = self.input_dropout(self.embeddings(self.word_dropout(inputs)))
        outputs, state = self.stack(embedded, lengths, state)
        return self.dropout(self.readout(self.dropout(outputs))), state

    def nll(self, features: Tensor, targets: Tensor) -> Tensor:
        """Return the negative log-likelihood (N,), in nats, of targets (N,) given features (N, E)."""
        if self.adaptive is not None:
            log_probs: Tensor = self.adaptive(features, targets).output
            return -log_probs
        return functional.cross_entropy(self._logits(features), targets, reduction="none")

    def log_probs(self, features: Tensor) -> Tensor:
        """Return log probabilities (N, V) of all tokens given features (N, E)."""
        if self.adaptive is not None:
            return self.adaptive.log_prob(features)
        return self._logits(features).log_softmax(dim=1)

    def _logits(self, features: Tensor) -> Tensor:
        weight = self.embeddings.weight if self.output is None else self.output.weight
        return functional.linear(features, weight, self.bias)

    def step(self, tokens: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Read one token of each text (R,); return the log probabilities of the next token (R, V) and the new state."""
        features, state = self(tokens[:, None], torch.ones_like(tokens), state)
        return self.log_probs(features[:, 0]), state
