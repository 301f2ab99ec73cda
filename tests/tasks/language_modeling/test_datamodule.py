"""Running text as batches: every token once in each epoch, and windows that begin at other places."""

from types import SimpleNamespace

import pytest
import torch
from datasets import Dataset

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.language_modeling.bptt_windows import encode_corpus
from grunlp.tasks.language_modeling.datamodule import BPTTDataModule
from grunlp.tasks.language_modeling.options import WindowLoaderOptions

LINES = ["abc cab", "b", "", "caba abc bca"] * 6
TOKENIZER = TextTokenizer.train("character", LINES, 100, 1)
IDS = encode_corpus(TOKENIZER, LINES)


def make(accumulate: int = 1, reshuffle: bool = True, seed: int = 1) -> BPTTDataModule:
    train, dev = (Dataset.from_dict({"text": lines}) for lines in (LINES, LINES[:5]))
    loader = WindowLoaderOptions(batch_tokens=21, bptt=7, shuffle_each_epoch=reshuffle)
    return BPTTDataModule(Corpus("toy", train, dev, None, None, 0), TOKENIZER, loader, accumulate, seed)


@pytest.mark.parametrize("accumulate", [1, 2])
def test_every_token_is_read_once_in_each_epoch(accumulate: int) -> None:
    data = make(accumulate)
    for epoch in range(4):
        data.trainer = SimpleNamespace(current_epoch=epoch)  # type: ignore[assignment]
        windows = list(data.train_dataloader())
        assert len(windows) == data.num_batches(epoch) and len(windows) % accumulate == 0
        assert torch.cat([window.targets[window.mask] for window in windows]).sort().values.equal(IDS.sort().values)
        assert [int(window.lengths.sum()) for window in windows] == data.batch_loss_counts(epoch)
        assert max(window.targets.shape[1] for window in windows) <= 7 and len(windows[0].lengths) <= 3


def test_windows_begin_elsewhere_in_each_epoch_if_asked() -> None:
    firsts = [[make(seed=1, reshuffle=r).batches(e)[0].targets.shape[1] for e in range(8)] for r in (True, False)]
    assert len(set(firsts[0])) > 1 and len(set(firsts[1])) == 1
    assert firsts[0] == [make().batches(e)[0].targets.shape[1] for e in range(8)], "the same seed, the same windows"


def test_a_batch_is_named_by_the_positions_of_its_tokens() -> None:
    data = make()
    for number, window in enumerate(data.batches(2)):  # type: ignore[arg-type, var-annotated]
        if number == data.num_batches(2):
            break
        for row, name in enumerate(data.example_ids(2, number)):
            first, last = (int(word) for word in name.split()[1::2])
            length = int(window.lengths[row])
            assert window.targets[row, :length].equal(IDS[first : last + 1][:length])


def test_dev_is_read_whole() -> None:
    tokens = torch.cat([window.targets[window.mask] for window in make().val_dataloader()])
    assert tokens.sort().values.equal(encode_corpus(TOKENIZER, LINES[:5]).sort().values)
