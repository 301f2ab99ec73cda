"""The sentence encoder: a stacked BiGRU over word embeddings, character encodings and a pretrained encoder."""

import torch
from torch import Tensor, nn

from grunlp.data.collate import SentenceBatch
from grunlp.data.vocabulary import Vocabulary
from grunlp.data.word_shape import WORD_SHAPES
from grunlp.modules.dropout import VariationalDropout, WordDropout
from grunlp.modules.embeddings import WordEmbedding
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import SentenceEncoderOptions
from grunlp.modules.transformer_encoder import PretrainedEncoder


class SentenceEncoder(nn.Module):
    """Encoder of the words of a sentence in context, shared by all models that read words.

    Args:
        options: sizes of words, characters and recurrent layers.
        vocabulary: words and characters.
        pretrained: an encoder whose states are concatenated with the word embeddings, or None.
        input_dropout: probability of variational dropout of the word representations (`options.dropout` is that of the
            states).
        word_dropout: strength of the word dropout, see `WordDropout`.
        word_shape_features: whether to add an embedding of the shape of a word (its capitals and digits).

    Attributes:
        word_size: W, features of a word representation.
        output_size: 2H, features of a state.
    """

    def __init__(
        self,
        options: SentenceEncoderOptions,
        vocabulary: Vocabulary,
        pretrained: PretrainedEncoder | None = None,
        *,
        input_dropout: float,
        word_dropout: float,
        word_shape_features: bool = False,
    ) -> None:
        super().__init__()
        self.word_dropout = WordDropout(torch.tensor(vocabulary.word_counts), word_dropout, unk_id=1)
        self.words = WordEmbedding(
            len(vocabulary.words),
            options.word_size,
            len(vocabulary.characters),
            options.char_size,
            options.char_encoder,
            len(WORD_SHAPES) if word_shape_features else 0,
        )
        self.pretrained = pretrained
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(options.dropout)
        self.word_size = self.words.output_size + (pretrained.output_size if pretrained is not None else 0)
        self.gru = StackedGRU(
            self.word_size,
            options.hidden_size,
            options.num_layers,
            bidirectional=True,
            dropout=options.dropout,
            residual=options.residual,
            cell=options.cell,
        )
        self.output_size = self.gru.output_size

    def forward(self, batch: SentenceBatch) -> tuple[Tensor, Tensor]:
        """Return the states (B, T, 2H) and the word representations (B, T, W), both after dropout."""
        ids = self.word_dropout(batch.words)
        words = self.words(ids, batch.char_ids, batch.word_shapes, batch.char_index)  # (B, T, W)
        if self.pretrained is not None:
            states = self.pretrained(batch.subword_ids, batch.subword_lengths, batch.subword_index)
            words = torch.cat([words, states], dim=-1)
        words = self.input_dropout(words)
        return self.dropout(self.gru(words, batch.lengths)[0]), words

    def layers_bottom_up(self) -> list[nn.Module]:
        """Return the layers from the lowest: the word layer with a pretrained encoder, then each layer of the BiGRU."""
        words = nn.ModuleList([self.words] if self.pretrained is None else [self.words, self.pretrained])
        return [words, *self.gru.layers]
