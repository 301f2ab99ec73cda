from typing import Literal

import pytest
import torch

from grunlp.modules.embeddings import WordEmbedding


@pytest.mark.parametrize("characters", ["cnn", "gru"])
def test_a_spelling_does_not_depend_on_the_others(characters: Literal["cnn", "gru"]) -> None:
    torch.manual_seed(0)
    words = WordEmbedding(10, 6, 20, 8, characters, 0)
    short = torch.tensor([[0, 0, 0], [5, 6, 0]])
    long = torch.tensor([[0, 0, 0, 0, 0, 0], [5, 6, 0, 0, 0, 0], [7, 8, 9, 10, 11, 12]])
    shapes = torch.tensor([0, 1, 2])
    ids, index = torch.tensor([[3, 4]]), torch.tensor([[1, 1]])
    one, other = words(ids, short, shapes, index), words(ids, long, shapes, index)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-6)
    assert one.shape == (1, 2, 14)
    assert not torch.equal(one[0, 0, :6], one[0, 1, :6]), "two words"
    assert torch.equal(one[0, 0, 6:], one[0, 1, 6:]), "one spelling"


def test_spelling_changes_the_output_and_none_leaves_it_out() -> None:
    torch.manual_seed(0)
    words = WordEmbedding(10, 6, 20, 8, "cnn", 0)
    shapes = torch.tensor([0, 1, 2])
    ids, spellings = torch.tensor([[3, 3]]), torch.tensor([[0, 0], [5, 6], [6, 5]])
    rows = words(ids, spellings, shapes, torch.tensor([[1, 2]]))
    assert not torch.equal(rows[0, 0], rows[0, 1])
    plain = WordEmbedding(10, 6, 20, 8, "none", 0)
    assert plain.output_size == 6 and plain(ids, spellings, shapes, torch.tensor([[1, 2]])).shape == (1, 2, 6)
    with pytest.raises(ValueError, match="cnn, gru or none"):
        WordEmbedding(10, 6, 20, 8, "lstm", 0)  # type: ignore[arg-type]


def test_a_shape_is_added_to_the_row_and_says_nothing_at_first() -> None:
    torch.manual_seed(0)
    words = WordEmbedding(10, 6, 20, 8, "none", 4)
    ids, index, spellings = torch.tensor([[3, 3]]), torch.tensor([[1, 2]]), torch.tensor([[0], [5], [6]])
    shapes = torch.tensor([0, 1, 3])
    assert torch.equal(words(ids, spellings, shapes, index), words.table(ids))
    assert words.shapes is not None
    words.shapes.weight.data.normal_()
    expected = words.table(ids) + words.shapes(torch.tensor([[1, 3]]))
    assert torch.equal(words(ids, spellings, shapes, index), expected)
