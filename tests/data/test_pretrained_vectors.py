import gzip
from pathlib import Path

import pytest
import torch
from torch import nn

from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.vocabulary import StringIndex
from grunlp.utils.errors import DataError

WORDS = StringIndex(["<pad>", "<unk>", "cat", "dog", "zebra"], unknown_id=1)


@pytest.mark.parametrize("header", ["", "3 2\n"])
def test_known_words_get_their_vectors(tmp_path: Path, header: str, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "v.txt.gz"
    path.write_bytes(gzip.compress(f"{header}cat 1 2\nCat 9 9\nthe 5 6\ndog -0.5 1e-2\n".encode()))
    table = nn.Embedding(5, 2)
    before = table.weight.detach().clone()
    caplog.set_level("INFO")
    assert init_embeddings_from_file(str(path), WORDS, [0, 0, 5, 0, 3], table) == pytest.approx(1 / 2)
    assert table.weight[2].tolist() == [1, 2]
    torch.testing.assert_close(table.weight[3], torch.tensor([-0.5, 0.01]))
    assert torch.equal(table.weight[4], before[4])
    assert "50.0 % of the 2 training words" in caplog.text
    assert read_vector_vocabulary(str(path), 3) == ["cat", "cat", "the"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("cat 1 2 3\n", r"v\.txt:1: a vector of 3 numbers\n.*is 2\n.*model\.word_size=3"),
        ("the 1 2\ncat 1 x\n", r"v\.txt:2: not a number"),
        ("cat\n", r"v\.txt:1: not a word vector"),
    ],
)
def test_bad_files(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "v.txt"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        init_embeddings_from_file(str(path), WORDS, [0, 0, 1, 1, 1], nn.Embedding(5, 2))
