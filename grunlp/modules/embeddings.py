"""Representations of words without context: an embedding of the word, and one of its characters."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import CharEncoder


class CharacterCNN(nn.Module):
    """A word encoder: a convolution over the characters and the maximum over positions (Ma and Hovy 2016, §2.1).

    Args:
        num_characters: rows of the embedding; row 0 is padding.
        embedding_size: number of features of a character.
        output_size: number of features of a word.
        kernel_size: number of characters that a filter covers.
    """

    def __init__(self, num_characters: int, embedding_size: int, output_size: int, kernel_size: int) -> None:
        super().__init__()
        self.table = nn.Embedding(num_characters, embedding_size, padding_idx=0)
        self.convolution = nn.Conv1d(embedding_size, output_size, kernel_size, padding=kernel_size // 2)

    def forward(self, char_ids: Tensor) -> Tensor:
        """Encode U words: (U, C) character ids, padded with 0 → (U, output_size)."""
        weight, width = self.convolution.weight, self.convolution.weight.shape[2]
        windows = functional.pad(self.table(char_ids), (0, 0, width // 2, width // 2)).unfold(1, width, 1)
        # As a matrix product: the gradient of PyTorch's convolution is summed in an order that depends on the number
        # of threads.
        x = functional.linear(windows.flatten(2), weight.flatten(1), self.convolution.bias)  # (U, C, output)
        # The embedding of padding is zero, but a bias alone may win the maximum: exclude padded positions.
        x = x.masked_fill((char_ids == 0)[:, : x.shape[1], None], -1e4)
        return functional.relu(x.amax(dim=1))  # (U, output)


class CharacterGRU(nn.Module):
    """A word encoder: the two final states of a bidirectional GRU over the characters (Lample et al. 2016, §4.1).

    Args:
        num_characters: rows of the embedding; row 0 is padding.
        embedding_size: features of a character.
        output_size: features of a word; even.
    """

    def __init__(self, num_characters: int, embedding_size: int, output_size: int) -> None:
        super().__init__()
        if output_size % 2:
            raise ValueError(f"output_size is divided between two directions and must be even, got {output_size}")
        self.table = nn.Embedding(num_characters, embedding_size, padding_idx=0)
        self.gru = StackedGRU(embedding_size, output_size // 2, 1, bidirectional=True, dropout=0.0, residual="none")

    def forward(self, char_ids: Tensor) -> Tensor:
        """Encode U words: (U, C) character ids, padded with 0 → (U, output_size)."""
        _, states = self.gru(self.table(char_ids), (char_ids != 0).sum(dim=1))  # (2, U, output / 2)
        return torch.cat([states[0], states[1]], dim=1)  # (U, output)


class WordEmbedding(nn.Module):
    """Word embeddings concatenated with an encoding of the characters of the word.

    Args:
        num_words: rows of the word embedding; row 0 is padding.
        word_size: number of features of a word embedding.
        num_characters: rows of the character embedding.
        char_size: number of features that encode the characters of a word.
        char_encoder: network that reads the characters, "cnn" or "gru"; "none" for word embeddings alone.
        num_shapes: word shapes (`grunlp.data.word_shape`) whose embeddings, initially 0, are added to those of the
            words; 0 for none.
    """

    def __init__(
        self,
        num_words: int,
        word_size: int,
        num_characters: int,
        char_size: int,
        char_encoder: CharEncoder,
        num_shapes: int,
    ) -> None:
        super().__init__()
        self.table = nn.Embedding(num_words, word_size, padding_idx=0)
        nn.init.normal_(self.table.weight.data[1:], std=0.1)
        self.shapes = nn.Embedding(num_shapes, word_size) if num_shapes else None
        if self.shapes is not None:
            nn.init.zeros_(self.shapes.weight)
        self.spelling: nn.Module | None = None
        if char_encoder == "cnn":
            self.spelling = CharacterCNN(num_characters, char_size // 2, char_size, kernel_size=3)
        elif char_encoder == "gru":
            self.spelling = CharacterGRU(num_characters, char_size // 2, char_size)
        elif char_encoder != "none":
            raise ValueError(f"char_encoder must be cnn, gru or none, got {char_encoder!r}")
        self.output_size = word_size + (char_size if self.spelling is not None else 0)

    def forward(self, words: Tensor, char_ids: Tensor, word_shapes: Tensor, char_index: Tensor) -> Tensor:
        """Embed the words of a batch.

        Args:
            words: (B, T) ids.
            char_ids: (U, C) characters of the distinct words.
            word_shapes: (U,) shapes of the distinct words.
            char_index: (B, T) position of each word among the distinct ones.

        Returns:
            the embeddings (B, T, output_size).
        """
        embedded = self.table(words)  # (B, T, W)
        if self.shapes is not None:
            embedded = embedded + self.shapes(word_shapes)[char_index]
        if self.spelling is None:
            return embedded
        return torch.cat([embedded, self.spelling(char_ids)[char_index]], dim=-1)
