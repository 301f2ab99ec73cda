"""A masked language model, which teaches the lower layers of a labeller from raw text."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import Tokens
from grunlp.modules.sentence_encoder import SentenceEncoder

_UNKNOWN = 1  # id of the unknown word, which stands for hidden ones, too


class MaskedLanguageModel(nn.Module):
    """Words and spellings → stacked BiGRU → the hidden words (the task of Devlin et al. 2019, §3.1, for a GRU).

    The output layer is the word table itself (Press and Wolf 2017). A labeller takes over its sentence encoder.

    Args:
        encoder: of the words; without a pretrained one, which would need the hidden words.
        hidden: share of the words that are hidden, with their spellings.
    """

    def __init__(self, encoder: SentenceEncoder, hidden: float) -> None:
        super().__init__()
        if encoder.pretrained is not None or encoder.words.shapes is not None:
            raise ValueError("a pretrained encoder and shapes of words would give the hidden words away")
        self.encoder, self.hidden = encoder, hidden
        table = encoder.words.table
        self.guess = nn.Linear(encoder.output_size, table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))

    def hide(self, batch: Tokens, generator: torch.Generator) -> Tensor:
        """(B, T) which words are hidden: none that is unknown or padding."""
        drawn = torch.rand(batch.words.shape, generator=generator).to(batch.words.device) < self.hidden
        return drawn & (batch.words > _UNKNOWN)

    def forward(self, batch: Tokens, hidden: Tensor) -> Tensor:
        """Mean loss in nats of the hidden words; 0 when there are none. `hidden`: (B, T), as `hide` gives."""
        words = batch.words.masked_fill(hidden, _UNKNOWN)
        spellings = batch.spelling_index.masked_fill(hidden, 0)
        states, _ = self.encoder(replace(batch, words=words, spelling_index=spellings))
        guesses = self.guess(states[hidden])  # (M, W)
        scores = functional.linear(guesses, self.encoder.words.table.weight, self.bias)  # (M, V)
        loss = functional.cross_entropy(scores, batch.words[hidden], reduction="sum")
        return loss / hidden.sum().clamp(min=1)
