"""Batches by number: the same from wherever an epoch goes on, and whoever makes them."""

from types import SimpleNamespace

import pytest
import torch
from datasets import Dataset

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.seq2seq.data import FEATURES
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.options import Seq2SeqLoaderOptions
from grunlp.training.datamodule_base import derive_seed
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.token_budget_datamodule import TokenBudgetDataModule

TEXTS = [f"{'ab' * (i % 7 + 1)} {'cab' * (i % 5 + 1)}" for i in range(40)]


def pairs(workers: int) -> TokenBudgetDataModule:
    """With pieces that are split anew in each epoch."""
    rows = [{"id": f"p{i}", "source": text, "target": text, "references": []} for i, text in enumerate(TEXTS)]
    split = Dataset.from_list(rows, features=FEATURES)
    pieces = TextTokenizer.train("bpe", TEXTS, 30, 1)
    corpus = Corpus("toy", split, split, None, None, 0)
    loader = Seq2SeqLoaderOptions(batch_tokens=16, num_workers=workers, max_source_length=0, max_target_length=0)
    data = make_parallel_datamodule(corpus, pieces, pieces, loader, StreamingTrainerOptions(), 1, 0.5)
    assert isinstance(data, TokenBudgetDataModule)
    return data


def read(data: TokenBudgetDataModule, epoch: int) -> list[tuple[list[str], list[list[int]]]]:
    data.trainer = SimpleNamespace(current_epoch=epoch)  # type: ignore[assignment]
    return [(batch.target_texts, batch.target.tolist()) for batch in data.train_dataloader()]


@pytest.mark.parametrize("workers", [0, 2])
def test_an_epoch_goes_on_where_it_was(workers: int) -> None:
    torch.manual_seed(0)
    whole = read(pairs(0), 3)
    assert len(whole) > 5 and len({str(row) for row in whole}) == len(whole)
    torch.manual_seed(1)
    for done in (0, 2, len(whole)):
        data = pairs(workers)
        data.load_state_dict({"epoch": 3, "batch": done, "world_size": 1})
        assert read(data, 3) == whole[done:] and data.state_dict() == {"epoch": 3, "batch": done, "world_size": 1}
        assert len(data.train_dataloader()) == len(whole), "the trainer counts what is done, too"
        assert len(read(data, 4)) == data.num_batches(4), "the next epoch is read from its beginning"


def test_pieces_are_split_anew_in_each_epoch() -> None:
    ids = [{text: row for texts, rows in read(pairs(0), epoch) for text, row in zip(texts, rows, strict=True)}
           for epoch in (0, 1)]  # fmt: skip
    assert ids[0] != ids[1]


def test_batches_are_described_by_ids() -> None:
    data = pairs(0)
    for number, (texts, _) in enumerate(read(data, 2)):
        assert [TEXTS[int(name[1:])] for name in data.example_ids(2, number)] == texts


def test_seeds_have_nothing_in_common() -> None:
    seeds = {derive_seed(s, e, b, u) for s in (0, 1, 2**32 - 1) for e in range(9) for b in range(99) for u in (0, 1)}
    assert len(seeds) == 3 * 9 * 99 * 2 and all(0 <= seed < 2**63 for seed in seeds)
