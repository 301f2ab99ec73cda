"""A masked language model, which teaches the lower layers of a labeller from raw text."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.batches import Batch
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.embeddings import WordRepresentation
from grunlp.modules.gru import StackedGRU

_UNKNOWN = 1  # id of the unknown word, which stands for hidden ones, too


class MaskedLanguageModel(nn.Module):
    """Words and spellings → stacked BiGRU → the hidden words (the task of Devlin et al. 2019, §3.1, for a GRU).

    The output layer is the word table itself (Press and Wolf 2017). Parts are named as in `SRLModel`, which takes them
    over.

    Args:
        words: the representation of words.
        encoder: a bidirectional stack over it.
        hidden: share of the words that are hidden, with their spellings.
        dropout: variational, of what goes into the encoder and comes out of it.
    """

    def __init__(self, words: WordRepresentation, encoder: StackedGRU, hidden: float, dropout: float) -> None:
        super().__init__()
        if encoder.directions != 2:
            raise ValueError("hidden words are guessed from both sides: a bidirectional encoder is needed")
        self.words, self.encoder, self.hidden = words, encoder, hidden
        self.dropout = VariationalDropout(dropout)
        self.guess = nn.Linear(encoder.output_size, words.table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(words.table.num_embeddings))

    def hide(self, batch: Batch, generator: torch.Generator) -> Tensor:
        """(B, T) which words are hidden: none that is unknown or padding."""
        drawn = torch.rand(batch.words.shape, generator=generator).to(batch.words.device) < self.hidden
        return drawn & (batch.words > _UNKNOWN)

    def forward(self, batch: Batch, hidden: Tensor) -> Tensor:
        """Mean loss in nats of the hidden words; 0 when there are none. `hidden`: (B, T), as `hide` gives."""
        words = batch.words.masked_fill(hidden, _UNKNOWN)
        spellings = batch.spelling_index.masked_fill(hidden, 0)
        read, _ = self.encoder(self.dropout(self.words(words, batch.spellings, spellings)), batch.lengths)
        guesses = self.guess(self.dropout(read)[hidden])  # (M, W)
        scores = functional.linear(guesses, self.words.table.weight, self.bias)  # (M, V)
        loss = functional.cross_entropy(scores, batch.words[hidden], reduction="sum")
        return loss / hidden.sum().clamp(min=1)
