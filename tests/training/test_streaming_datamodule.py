"""Training from a stream: epochs, resuming and loss weights."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from grunlp.data.collate import SRLCollator
from grunlp.data.options import StreamingLoaderOptions
from grunlp.data.vocabulary import Vocabulary
from grunlp.training.batch_sharding import loss_weights
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import StreamingTrainerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.streaming_datamodule import StreamingDataModule
from grunlp.utils.errors import UserError
from tests.training.text_stream import FILES, HELD_OUT, naive, open_stream, write_text_stream

BUDGET, SIZE = 12, 7


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams")
    write_text_stream(path)
    return path


def test_the_length_of_a_stream_is_counted(folder: Path) -> None:
    corpus = open_stream(folder)
    train = corpus.train
    assert [" ".join(one["words"]) for one in train] == naive(folder), "in order"
    assert (len(train), corpus.num_removed) == (len(naive(folder)), FILES)
    assert [" ".join(words) for words in train["words"]] == naive(folder), "and once more"
    fresh = open_stream(folder)
    assert (fresh.num_removed, len(fresh.train)) == (FILES, len(naive(folder))), "in any order"


def data_of(folder: Path, workers: int = 0, accumulate: int = 2) -> StreamingDataModule:
    corpus = open_stream(folder)
    collate = SRLCollator(Vocabulary.build(corpus.train, 1, [], {}), None)
    loader = StreamingLoaderOptions(batch_tokens=BUDGET, num_workers=workers, stream_buffer_size=SIZE)
    trainer = StreamingTrainerOptions(batches_per_epoch=9, accumulate_grad_batches=accumulate)
    data = make_datamodule(corpus, plan_sentence_batches, collate, loader, trainer, 1)
    assert isinstance(data, StreamingDataModule)
    return data


def train(data: StreamingDataModule, epochs: range) -> list[tuple[Any, ...]]:
    """What a training is told of each batch."""
    found = []
    for epoch in epochs:
        data.trainer = SimpleNamespace(current_epoch=epoch)  # type: ignore[assignment]
        for turn, batch in enumerate(data.train_dataloader()):
            found.append(
                (batch.words.tolist(), data.loss_weight(turn), data.example_ids(epoch, turn), data.position_state())
            )
    data.teardown("fit")
    return found


@pytest.mark.parametrize("workers", [0, 2])
def test_epochs_continue_where_the_previous_one_ended(folder: Path, workers: int) -> None:
    whole = train(data_of(folder, workers), range(6))
    assert len(whole) == 54 and data_of(folder).num_optimizer_steps(4, 9, 2) == 20
    for done in (1, 5):
        data = data_of(folder, workers)
        assert train(data, range(done)) == whole[: 9 * done]
        data._advance(0)  # as the next epoch does
        data.resume_position = (done, 0)
        state = data.state_dict()
        data = data_of(folder, workers)
        data.load_state_dict(state)
        assert train(data, range(done, 6)) == whole[9 * done :]
    assert state["positions"][0]["pass_number"] > 0, "in a second pass"
    for words, _, names, bookmark in whole[::7]:
        again = data.rebuild_batch(0, 0, bookmark)
        assert again.words.tolist() == words and len(names) == len(words)


def test_losses_are_weighted_as_in_memory(folder: Path) -> None:
    data = data_of(folder, accumulate=4)
    data.trainer = SimpleNamespace(current_epoch=0)  # type: ignore[assignment]
    found = [(int(batch.lengths.sum()), data.loss_weight(turn)) for turn, batch in enumerate(data.train_dataloader())]
    sizes, shares = zip(*found, strict=True)
    assert list(shares) == loss_weights(sizes, 0, 1, 4) and len(set(shares)) > 3


def test_resuming_with_another_buffer_or_worker_count_is_refused(folder: Path) -> None:
    state = data_of(folder).state_dict()
    for key, said in (
        ("num_workers", "loader.num_workers=0"),
        ("buffer_size", "loader.stream_buffer_size=7"),
        ("world_size", "with 1 processes"),
    ):
        with pytest.raises(UserError, match=said):
            data_of(folder).load_state_dict(state | {key: 3})


@pytest.mark.parametrize("workers", [0, 2])
def test_a_worker_without_an_example_is_an_error(folder: Path, tmp_path: Path, workers: int) -> None:
    """The second of two files holds nothing that is not in dev."""
    for number, lines in enumerate((["a b", "c d"], HELD_OUT)):
        (tmp_path / f"part{number}.txt").write_text("\n".join(lines))
    (tmp_path / "dev.txt").write_text("\n".join(HELD_OUT))
    data = data_of(tmp_path, workers)
    if not workers:
        assert len(train(data, range(2))) == 18, "there is one reader, and it has the first file"
        return
    with pytest.raises(UserError, match="of 2 has no training example") as told:
        train(data, range(1))
    assert "Traceback" not in str(told.value)
