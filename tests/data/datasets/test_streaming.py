"""Streams: every sentence of a pass once, from any place on, and never more in memory than was asked for."""

from collections.abc import Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from datasets import Dataset

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import FEATURES, open_srl_corpus
from grunlp.data.datasets.streaming import StreamingDataset
from grunlp.data.deduplication import normalized_text
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.data.vocabulary import Vocabulary
from grunlp.tasks.pretraining.data import open_pretraining_text
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.tagging.data import open_tagging_corpus
from grunlp.training.batch_sharding import loss_weights
from grunlp.training.dealing import _plan_sentences, make_parallel_datamodule, make_sentence_datamodule
from grunlp.training.shuffle_buffer import ShardReader, StreamBatch, StreamPosition
from grunlp.training.streaming_datamodule import StreamingDataModule
from grunlp.utils.errors import DataError, UserError
from tests.toys import toy_corpus, vocabulary_of

FILES, BUDGET, SIZE = 3, 12, 7
HELD_OUT = ["the held out sentence is here", "so is this one"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sentences of 1 to 6 words, all different, and in each file one of dev."""
    path = tmp_path_factory.mktemp("streams")
    for part in range(FILES):
        lines = [f"w{part}x{i}" + " word" * (i % 6) for i in range(20 + 3 * part)]
        (path / f"part{part}.txt").write_text("\n".join([*lines, HELD_OUT[part % 2].upper()]) + "\n")
    (path / "dev.txt").write_text("\n".join(HELD_OUT) + "\n")
    return path


def open_stream(folder: Path) -> Corpus:
    data = {"name": "text", "train": f"{folder}/part*.txt", "dev": f"{folder}/dev.txt", "without": None}
    return open_pretraining_text(data, stream=True)


def naive(folder: Path) -> list[str]:
    """The training sentences, read whole."""
    lines = [line for part in range(FILES) for line in (folder / f"part{part}.txt").read_text().splitlines()]
    return [line for line in lines if line.lower() not in HELD_OUT]


def reader_of(folder: Path, size: int = SIZE) -> tuple[ShardReader, Vocabulary]:
    train = open_stream(folder).train
    assert isinstance(train, StreamingDataset)
    vocabulary = Vocabulary.build(train, 1, [], {})
    return ShardReader(train, size, partial(_plan_sentences, BUDGET, 1), SRLCollator(vocabulary, None), 1), vocabulary


def texts(made: StreamBatch, vocabulary: Vocabulary) -> list[str]:
    """The sentences of a batch."""
    rows = zip(made.batch.words.tolist(), made.batch.lengths.tolist(), strict=True)
    return [" ".join(vocabulary.words.items[id] for id in row[:length]) for row, length in rows]


def passes(reader: ShardReader, number: int, readers: int, count: int) -> list[list[StreamBatch]]:
    """The batches of one of several readers, by pass."""
    found: list[list[StreamBatch]] = [[] for _ in range(count)]
    for made in reader.read(number, readers, StreamPosition()):
        if made.position.number == count:
            return found
        found[made.position.number].append(made)
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
            assert made.size == sum(made.batch.lengths) and len(made.batch.lengths) * max(made.batch.lengths) <= BUDGET


@pytest.mark.parametrize("readers", [1, 2, 5])
def test_reading_goes_on_from_any_mark(folder: Path, readers: int) -> None:
    def content(made: StreamBatch) -> tuple[Any, ...]:
        return made.batch.words.tolist(), made.example_ids, made.size, made.position

    whole = [content(made) for made in islice(reader_of(folder)[0].read(0, readers, StreamPosition()), 60)]
    assert whole[-1][3].number > 0 and len({mark.buffer for *_, mark in whole}) > 8
    for place in (1, 5, 17, 18, 19, 40):
        rest = [content(made) for made in islice(reader_of(folder)[0].read(0, readers, whole[place][3]), 60 - place)]
        assert rest == whole[place:]
        behind = whole[place - 1][3]._replace(batch=whole[place - 1][3].batch + 1)
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
    monkeypatch.setattr("grunlp.data.datasets.streaming._iter_shards", lambda parts, generate: generate("", read))
    stream = StreamingDataset("toy", counted, [{"path": "some"}])
    collate = SRLCollator(vocabulary_of(toy_corpus(3)), None)
    for made in islice(
        ShardReader(stream, size, partial(_plan_sentences, BUDGET, 1), collate, 1).read(0, 1, StreamPosition()), 200
    ):
        assert 0 <= read[0] - given <= size
        given += len(made.example_ids)
    assert given >= 200


def test_a_stream_counts_itself(folder: Path) -> None:
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
    options: dict[str, Any] = {"extra_epochs": 0, "reshuffle": True, "stream": SIZE, "turns": 9, "seed": 1}
    data = make_sentence_datamodule(
        corpus, collate, batch_tokens=BUDGET, num_workers=workers, accumulate_grad_batches=accumulate, **options
    )
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
def test_epochs_go_on_where_others_ended(folder: Path, workers: int) -> None:
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
    assert state["marks"][0]["number"] > 0, "in a second pass"
    for words, _, names, bookmark in whole[::7]:
        again = data.rebuild_batch(0, 0, bookmark)
        assert again.words.tolist() == words and len(names) == len(words)


def test_losses_are_weighed_as_in_memory(folder: Path) -> None:
    data = data_of(folder, accumulate=4)
    data.trainer = SimpleNamespace(current_epoch=0)  # type: ignore[assignment]
    found = [(int(batch.lengths.sum()), data.loss_weight(turn)) for turn, batch in enumerate(data.train_dataloader())]
    sizes, shares = zip(*found, strict=True)
    assert list(shares) == loss_weights(sizes, 0, 1, 4) and len(set(shares)) > 3


def test_another_buffer_or_other_workers_are_refused(folder: Path) -> None:
    state = data_of(folder).state_dict()
    for key, said in (
        ("workers", "loader.num_workers=0"),
        ("buffer", "loader.stream=7"),
        ("ranks", "with 1 processes"),
    ):
        with pytest.raises(UserError, match=said):
            data_of(folder).load_state_dict(state | {key: 3})


@pytest.mark.parametrize("workers", [0, 2])
def test_a_reader_without_an_example(folder: Path, tmp_path: Path, workers: int) -> None:
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


def test_spans_of_a_stream_are_iob2(tmp_path: Path) -> None:
    for name, tags in (("part0", "S-A O B-B E-B"), ("part1", "O U-A"), ("dev", "B-A O")):
        rows = [f"w{name}{i}\t{tag}" for i, tag in enumerate(tags.split())]
        (tmp_path / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    keys = {"test": None, "words": None, "tags": None}
    data = {"name": "tags", "train": f"{tmp_path}/part*.tsv", "dev": f"{tmp_path}/dev.tsv", **keys}
    assert [one["tags"] for one in open_tagging_corpus(data, stream=True).train] == [
        ["B-A", "O", "B-B", "I-B"],
        ["O", "B-A"],
    ]
    (tmp_path / "part2.tsv").write_text("word\tNOUN\n")
    with pytest.raises(DataError, match=r"part2.tsv.*sentence 1: 'NOUN' is no tag of a span"):
        list(open_tagging_corpus(data, stream=True).train)
    (tmp_path / "dev.tsv").write_text("word\tNOUN\n")
    with pytest.raises(UserError, match="Tags must be of one kind"):
        open_tagging_corpus(data, stream=True)


def test_pairs_that_are_empty_too_long_or_in_dev(tmp_path: Path) -> None:
    pairs = [("a b", "b a"), ("", "c"), ("d e f g h", "d"), ("d", "e f g h i j"), ("c", "dev"), ("b", "a")]
    for number in range(2):
        (tmp_path / f"part{number}.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in pairs))
    (tmp_path / "dev.tsv").write_text("c\tq\n")
    files = {"train": f"{tmp_path}/part*.tsv", "dev": f"{tmp_path}/dev.tsv"}
    columns = ("test", "train_target", "dev_target", "test_target", "source", "target", "references")
    corpus = open_parallel_corpus({"name": "pairs", **files, **dict.fromkeys(columns)}, True, stream=True)
    words = TextTokenizer.train("word", corpus.train["source"], 100, 1)
    assert len(corpus.train) == 8 and corpus.num_removed == 4
    limits: dict[str, Any] = {"longest_source": 4, "longest_target": 4, "cut": False, "resplit": 0.0}
    options: dict[str, Any] = {"batch_tokens": 6, "num_workers": 0, "reshuffle": True, "stream": 3, "accumulate": 1}
    data = make_parallel_datamodule(corpus, words, words, batches_per_epoch=8, seed=1, **limits, **options)
    found = [text for batch in data.train_dataloader() for text in batch.texts]
    assert set(found) == {"b a", "a"} and len(found) >= 8


def test_parts_of_a_hub_data_set(tmp_path: Path) -> None:
    examples = [one for one in toy_corpus(30, 4) if one["frames"]]
    rows = [
        {"words": one["words"], "tags": frame["tags"], "verb": frame["index"]}
        for one in examples
        for frame in one["frames"]
    ]
    for number in range(3):
        Dataset.from_list(rows[number::3] if number < 2 else rows[:4]).to_parquet(f"{tmp_path}/train-{number}.parquet")
    Dataset.from_list(rows[:4]).to_parquet(f"{tmp_path}/validation-0.parquet")
    data = {"name": "hub", "path": str(tmp_path), "config": None, "words": "words", "tags": "tags", "predicate": "verb"}
    data |= {"train": "train", "dev": "validation", "test": None, "extra": None}
    corpus, whole = open_srl_corpus(data, stream=True), open_srl_corpus(data)
    assert isinstance(corpus.train, StreamingDataset) and len(corpus.train.shards) == 3

    def frames(split: Any) -> list[tuple[str, Any]]:
        return sorted((normalized_text(one["words"]), str(one["frames"])) for one in split)

    assert frames(corpus.train) == frames(whole.train) and corpus.num_removed == whole.num_removed > 0
    assert set(FEATURES) <= set(corpus.train.column_names)
