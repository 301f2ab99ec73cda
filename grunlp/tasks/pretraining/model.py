"""Masked language modelling, which pretrains the sentence encoder of a labeller on raw text."""

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import SentenceBatch
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.tasks.pretraining.options import MaskedModelOptions

_UNK_ID = 1  # id of the unknown word, which also replaces masked words


class MaskedLanguageModel(nn.Module):
    """A sentence encoder that predicts masked words (the task of Devlin et al. 2019, §3.1, with a GRU).

    The output layer is the word embedding itself (Press and Wolf 2017). A labeller can start from the trained sentence
    encoder. The encoder uses neither a pretrained encoder nor word shapes, which would reveal the masked words.

    Args:
        options: sizes of the sentence encoder, and the probability of masking a word and its characters.
        vocabulary: words and characters.
    """

    def __init__(self, options: MaskedModelOptions, vocabulary: Vocabulary) -> None:
        super().__init__()
        self.mask_probability = options.mask_probability
        self.encoder = SentenceEncoder(options, vocabulary, input_dropout=options.dropout, word_dropout=0.0)
        table = self.encoder.words.table
        self.guess = nn.Linear(self.encoder.output_size, table.embedding_dim)
        self.bias = nn.Parameter(torch.zeros(table.num_embeddings))

    def sample_mask(self, batch: SentenceBatch, generator: torch.Generator) -> Tensor:
        """Draw the words to mask (B, T), excluding unknown words and padding."""
        is_drawn = torch.rand(batch.words.shape, generator=generator).to(batch.words.device) < self.mask_probability
        return is_drawn & (batch.words > _UNK_ID)

    def forward(self, batch: SentenceBatch, mask: Tensor) -> Tensor:
        """Return the mean loss in nats over the masked words, given the mask (B, T); 0 if no word is masked."""
        words = batch.words.masked_fill(mask, _UNK_ID)
        char_index = batch.char_index.masked_fill(mask, 0)
        states, _ = self.encoder(replace(batch, words=words, char_index=char_index))
        features = self.guess(states[mask])  # (M, W)
        logits = functional.linear(features, self.encoder.words.table.weight, self.bias)  # (M, V)
        loss = functional.cross_entropy(logits, batch.words[mask], reduction="sum")
        return loss / mask.sum().clamp(min=1)
