"""What the network knows of a word before it reads the sentence: its row in a table and its spelling."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.modules.gru import StackedGRU


class CharacterCNN(nn.Module):
    """The spelling of a word: a convolution over characters, the maximum over positions (Ma and Hovy 2016, §2.1).

    Args:
        num_characters: rows of the character table; row 0 is padding.
        embedding_size: features of a character.
        output_size: features of a word.
        kernel_size: characters a filter sees.
    """

    def __init__(self, num_characters: int, embedding_size: int, output_size: int, kernel_size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(num_characters, embedding_size, padding_idx=0)
        self.convolution = nn.Conv1d(embedding_size, output_size, kernel_size, padding=kernel_size // 2)

    def forward(self, char_ids: Tensor) -> Tensor:
        """characters: (U, C) ids of U spellings, zero-padded → (U, output_size)."""
        weight, width = self.convolution.weight, self.convolution.weight.shape[2]
        around = functional.pad(self.table(char_ids), (0, 0, width // 2, width // 2)).unfold(1, width, 1)
        # A product, for the gradient of a library's convolution is summed in another order by each number of threads.
        x = functional.linear(around.flatten(2), weight.flatten(1), self.convolution.bias)  # (U, C, output)
        # The table's padding row is zero and a bias alone may win the maximum, so padded positions are ruled out.
        x = x.masked_fill((char_ids == 0)[:, : x.shape[1], None], -1e4)
        return functional.relu(x.amax(dim=1))  # (U, output)


class CharacterGRU(nn.Module):
    """The spelling of a word as the two final states of a bidirectional GRU over characters (Lample et al. 2016, §4.1).

    Args:
        num_characters: rows of the character table; row 0 is padding.
        embedding_size: features of a character.
        output_size: features of a word; even.
    """

    def __init__(self, num_characters: int, embedding_size: int, output_size: int) -> None:
        super().__init__()
        if output_size % 2:
            raise ValueError(f"two directions share output_size evenly, got {output_size}")
        self.table = nn.Embedding(num_characters, embedding_size, padding_idx=0)
        self.gru = StackedGRU(embedding_size, output_size // 2, 1, bidirectional=True, dropout=0.0, residual="none")

    def forward(self, char_ids: Tensor) -> Tensor:
        """characters: (U, C) ids of U spellings, zero-padded → (U, output_size)."""
        _, states = self.gru(self.table(char_ids), (char_ids != 0).sum(dim=1))  # (2, U, output / 2)
        return torch.cat([states[0], states[1]], dim=1)  # (U, output)


class WordEmbedding(nn.Module):
    """A word's row in the table beside its spelling.

    Args:
        num_words: rows of the word table; row 0 is padding.
        word_size: features of a row.
        num_characters: rows of the character table.
        character_size: features of a spelling.
        characters: "cnn" or "gru" reads spellings; "none" leaves them out.
        num_shapes: shapes of words, see `grunlp.data.word_shape`, whose vectors, 0 at first, are added to the rows; 0
            leaves them out.
    """

    def __init__(
        self,
        num_words: int,
        word_size: int,
        num_characters: int,
        character_size: int,
        characters: Literal["cnn", "gru", "none"],
        num_shapes: int,
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(num_words, word_size, padding_idx=0)
        nn.init.normal_(self.table.weight.data[1:], std=0.1)
        self.shapes = nn.Embedding(num_shapes, word_size) if num_shapes else None
        if self.shapes is not None:
            nn.init.zeros_(self.shapes.weight)
        self.spelling: nn.Module | None = None
        if characters == "cnn":
            self.spelling = CharacterCNN(num_characters, character_size // 2, character_size, kernel_size=3)
        elif characters == "gru":
            self.spelling = CharacterGRU(num_characters, character_size // 2, character_size)
        elif characters != "none":
            raise ValueError(f"characters is cnn, gru or none, got {characters!r}")
        self.output_size = word_size + (character_size if self.spelling is not None else 0)

    def forward(self, words: Tensor, char_ids: Tensor, shapes: Tensor, char_index: Tensor) -> Tensor:
        """words: (B, T) ids; spellings: (U, C) distinct words; shapes: (U,) theirs; spelling_index: (B, T)
        → (B, T, output_size)."""
        rows = self.table(words)  # (B, T, W)
        if self.shapes is not None:
            rows = rows + self.shapes(shapes)[char_index]
        if self.spelling is None:
            return rows
        return torch.cat([rows, self.spelling(char_ids)[char_index]], dim=-1)
