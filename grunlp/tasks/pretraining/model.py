"""A masked language model, which teaches the lower layers of a labeller from raw text."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import SentenceBatch
from grunlp.modules.sentence_encoder import SentenceEncoder

_UNK_ID = 1  # id of the unknown word, which stands for hidden ones, too


class MaskedLanguageModel(nn.Module):
    """Words and spellings → stacked BiGRU → the hidden words (the task of Devlin et al. 2019, §3.1, for a GRU).

    The output layer is the word table itself (Press and Wolf 2017). A labeller takes over its sentence encoder.

    Args:
        encoder: of the words; without a pretrained one, which would need the hidden words.
        mask_probability: share of the words that are hidden, with their spellings.
    """

    def __init__(self, encoder: SentenceEncoder, mask_probability: float) -> None:
        super().__init__()
        if encoder.pretrained is not None or encoder.words.shapes is not None:
            raise ValueError("a pretrained encoder and shapes of words would give the hidden words away")
        self.encoder, self.mask_probability = encoder, mask_probability
        table = encoder.words.table
        self.guess = nn.Linear(encoder.output_size, table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))

    def sample_mask(self, batch: SentenceBatch, generator: torch.Generator) -> Tensor:
        """(B, T) which words are hidden: none that is unknown or padding."""
        drawn = torch.rand(batch.words.shape, generator=generator).to(batch.words.device) < self.mask_probability
        return drawn & (batch.words > _UNK_ID)

    def forward(self, batch: SentenceBatch, mask: Tensor) -> Tensor:
        """Mean loss in nats of the hidden words; 0 when there are none. `mask`: (B, T), as `sample_mask` gives."""
        words = batch.words.masked_fill(mask, _UNK_ID)
        spellings = batch.char_index.masked_fill(mask, 0)
        states, _ = self.encoder(replace(batch, words=words, char_index=spellings))
        guesses = self.guess(states[mask])  # (M, W)
        scores = functional.linear(guesses, self.encoder.words.table.weight, self.bias)  # (M, V)
        loss = functional.cross_entropy(scores, batch.words[mask], reduction="sum")
        return loss / mask.sum().clamp(min=1)
