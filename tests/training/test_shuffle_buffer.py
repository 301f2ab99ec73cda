"""The shuffle buffer of a stream: each example once a pass, resumable at any batch, bounded memory."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.streaming import Shard, StreamingDataset
from grunlp.data.vocabulary import Vocabulary
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.shuffle_buffer import ShardReader, StreamBatch, StreamPosition
from tests.random_srl_corpus import toy_corpus, vocabulary_of
from tests.training.text_stream import naive, open_stream, write_text_stream

BUDGET, SIZE = 12, 7
PLAN = partial(plan_sentence_batches, max_tokens=BUDGET, training=True, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("streams")
    write_text_stream(path)
    return path


def reader_of(folder: Path, size: int = SIZE) -> tuple[ShardReader, Vocabulary]:
    train = open_stream(folder).train
    assert isinstance(train, StreamingDataset)
    vocabulary = Vocabulary.build(train, 1, [], {})
    return ShardReader(train, size, PLAN, SRLCollator(vocabulary, None), 1), vocabulary


def texts(made: StreamBatch, vocabulary: Vocabulary) -> list[str]:
    """The sentences of a batch."""
    rows = zip(made.batch.words.tolist(), made.batch.lengths.tolist(), strict=True)
    return [" ".join(vocabulary.words.items[id] for id in row[:length]) for row, length in rows]


def passes(reader: ShardReader, number: int, readers: int, count: int) -> list[list[StreamBatch]]:
    """The batches of one of several readers, by pass."""
    found: list[list[StreamBatch]] = [[] for _ in range(count)]
    for made in reader.read(number, readers, StreamPosition()):
        if made.position.pass_number == count:
            return found
        found[made.position.pass_number].append(made)
    raise AssertionError


@pytest.mark.parametrize("readers", [1, 2, 3, 5])  # of three files
def test_readers_share_each_pass(folder: Path, readers: int) -> None:
    reader, vocabulary = reader_of(folder)
    shares = [passes(reader, number, readers, 3) for number in range(readers)]
    for number in range(3):
        read = [text for share in shares for made in share[number] for text in texts(made, vocabulary)]
        assert sorted(read) == sorted(naive(folder)), "each once, and none of dev"
    orders = [[name for made in share[number] for name in made.example_ids] for share in shares for number in range(3)]
    assert len({tuple(order) for order in orders}) == len(orders), "no two passes are in the same order"
    if readers == 1:
        files = [list(dict.fromkeys(name.partition(":")[0] for name in order)) for order in orders]
        assert len(set(map(tuple, files))) > 1, "nor are the files"
    for share in shares:
        for made in share[0]:
            assert (
                made.loss_count == sum(made.batch.lengths)
                and len(made.batch.lengths) * max(made.batch.lengths) <= BUDGET
            )


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_reading_resumes_at_any_position(folder: Path, readers: int) -> None:
    def content(made: StreamBatch) -> tuple[Any, ...]:
        return made.batch.words.tolist(), made.example_ids, made.loss_count, made.position

    whole = [content(made) for made in islice(reader_of(folder)[0].read(0, readers, StreamPosition()), 60)]
    assert whole[-1][3].pass_number > 0 and len({mark.buffers_read for *_, mark in whole}) > 8
    for place in (1, 5, 17, 18, 19, 40):
        rest = [content(made) for made in islice(reader_of(folder)[0].read(0, readers, whole[place][3]), 60 - place)]
        assert rest == whole[place:]
        behind = whole[place - 1][3]._replace(next_batch=whole[place - 1][3].next_batch + 1)
        rest = [content(made) for made in islice(reader_of(folder)[0].read(0, readers, behind), 60 - place)]
        assert rest == whole[place:]


def counted(path: str, read: list[int]) -> Iterator[dict[str, Any]]:
    for i in range(50):
        read[0] += 1
        yield {"id": str(i), "document": "", "words": ["a"] * (i % 5 + 1), "pos": [], "frames": []}


@pytest.mark.parametrize("size", [1, 7, 20])
def test_no_more_is_in_memory_than_a_buffer(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read and not yet given out, the batch at hand included."""
    read, given = [0], 0
    monkeypatch.setattr("grunlp.data.datasets.streaming._iter_shards", lambda shards, convert: counted("", read))
    stream = StreamingDataset("toy", [Shard("some", partial(counted, "", read))])
    collate = SRLCollator(vocabulary_of(toy_corpus(3)), None)
    for made in islice(ShardReader(stream, size, PLAN, collate, 1).read(0, 1, StreamPosition()), 200):
        assert 0 <= read[0] - given <= size
        given += len(made.example_ids)
    assert given >= 200
