"""A running text in windows: every token once, each after the one before it, rows that read on."""

import itertools

import pytest
import torch

from grunlp.data.subword_tokenizer import EOS_ID, TextTokenizer
from grunlp.tasks.language_modeling.bptt_windows import BPTTBatches, encode_corpus


@pytest.mark.parametrize(
    ("count", "rows", "length", "first"), [*itertools.product((1, 7, 24), (1, 2, 5), (1, 4), (1, 3))]
)
def test_every_token_is_told_once_after_the_one_before(count: int, rows: int, length: int, first: int) -> None:
    ids = torch.arange(10, 10 + count)
    windows = BPTTBatches(ids, rows, length, first)
    told: dict[int, int] = {}
    last: dict[int, int] = {}  # of each row
    for k in range(len(windows)):
        window = windows[k]
        assert window.is_first == (k == 0)
        assert window.targets.shape[1] <= max(length, first)
        for row in range(len(window.lengths)):
            for t in range(int(window.lengths[row])):
                before, token = int(window.inputs[row, t]), int(window.targets[row, t])
                assert token not in told
                told[token] = before
                if row in last:
                    assert last[row] == before, "a row reads on where it had stopped"
                last[row] = token
        assert torch.equal(window.mask.sum(dim=1), window.lengths)
    assert told == {10: EOS_ID} | {10 + i: 9 + i for i in range(1, count)}


def test_no_text_no_windows() -> None:
    assert len(BPTTBatches(torch.empty(0, dtype=torch.long), 3, 4, 4)) == 0


def test_lines_end_with_end() -> None:
    tokenizer = TextTokenizer.train("character", ["ab", "b a"], 100, 1)
    ids = encode_corpus(tokenizer, ["ab", "", "b a"])
    assert int((ids == EOS_ID).sum()) == 3 and int(ids[-1]) == EOS_ID
    assert len(ids) == len("ab\n\nb a\n")
    assert len(encode_corpus(tokenizer, ["a"] * 2500)) == 5000
