"""A sentence read once: its words, by table, spelling and pretrained encoder, and a stacked BiGRU over them."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from grunlp.data.collate import SentenceBatch
from grunlp.data.word_shape import WORD_SHAPES
from grunlp.modules.dropout import VariationalDropout, WordDropout
from grunlp.modules.embeddings import WordEmbedding
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell, CharEncoder, Residual
from grunlp.modules.transformer_encoder import PretrainedEncoder


class SentenceEncoder(nn.Module):
    """What the models of words have in common.

    Args:
        word_counts: training count of each word id.
        num_characters: rows of the character table.
        pretrained: an encoder whose states join the word representation, or None.
        word_size, char_size: features of a word from its table and from its spelling.
        char_encoder: how spellings are read; "none" leaves them out.
        word_shape_features: whether a vector of the shape of a word (its capitals and digits) is added to its row.
        hidden_size, num_layers, residual, cell: of the BiGRU, see `StackedGRU`.
        input_dropout, dropout: variational, of the words and of the states.
        word_dropout: strength, see `WordDropout`.

    Attributes:
        word_size: features of a word, W.
        output_size: features of a state, 2H.
    """

    def __init__(
        self,
        word_counts: Sequence[int],
        num_characters: int,
        pretrained: PretrainedEncoder | None,
        word_size: int,
        char_size: int,
        char_encoder: CharEncoder,
        word_shape_features: bool,
        hidden_size: int,
        num_layers: int,
        residual: Residual,
        cell: Cell,
        input_dropout: float,
        dropout: float,
        word_dropout: float,
    ) -> None:
        super().__init__()
        self.word_dropout = WordDropout(torch.tensor(word_counts), word_dropout, unk_id=1)
        self.words = WordEmbedding(
            len(word_counts),
            word_size,
            num_characters,
            char_size,
            char_encoder,
            len(WORD_SHAPES) if word_shape_features else 0,
        )
        self.pretrained = pretrained
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(dropout)
        self.word_size = self.words.output_size + (pretrained.output_size if pretrained is not None else 0)
        self.gru = StackedGRU(self.word_size, hidden_size, num_layers, True, dropout, residual, cell)
        self.output_size = self.gru.output_size

    def forward(self, batch: SentenceBatch) -> tuple[Tensor, Tensor]:
        """The states (B, T, 2H) and the words below them (B, T, W), both after dropout."""
        ids = self.word_dropout(batch.words)
        words = self.words(ids, batch.char_ids, batch.word_shapes, batch.char_index)  # (B, T, W)
        if self.pretrained is not None:
            words = torch.cat(
                [words, self.pretrained(batch.subword_ids, batch.subword_lengths, batch.subword_index)], dim=-1
            )
        words = self.input_dropout(words)
        return self.dropout(self.gru(words, batch.lengths)[0]), words

    def layers_bottom_up(self) -> list[nn.Module]:
        """The words with a pretrained encoder, then each layer of the BiGRU."""
        words = nn.ModuleList([self.words] if self.pretrained is None else [self.words, self.pretrained])
        return [words, *self.gru.layers]
