"""Parallel corpora: files, the Hub, and the toy reversal."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.parallel import detect_pair_layout
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks.config import compose_config
from grunlp.tasks.seq2seq.data import open_gold_pairs, open_parallel_corpus
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.options import Seq2SeqLoaderOptions
from grunlp.training.options import StreamingTrainerOptions
from grunlp.utils.errors import UserError


def pair_files(tmp_path: Path, **splits: list[tuple[str, str]]) -> dict[str, Any]:
    data = dict(compose_config(["recipe=translate", "data=files"]).data)
    for split, pairs in splits.items():
        for key, side in ((split, 0), (f"{split}_target", 1)):
            (tmp_path / key).write_text("".join(pair[side] + "\n" for pair in pairs))
            data[key] = str(tmp_path / key)
    return data


def test_pairs_from_files(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    train = [("Ja.", "Yes."), ("", "Empty."), ("Leer.", " "), ("Hund!", "Dog."), ("Katze", "Cat"), ("Maus", "Mouse")]
    data = pair_files(tmp_path, train=train, dev=[("hund", "a dog"), ("", "")], test=[("Kater", "cat!")])
    opened = open_parallel_corpus(data, compare_targets=True)
    assert opened.train["source"] == ["Ja.", "Maus"] and opened.num_removed == 2
    assert open_parallel_corpus(data, compare_targets=False).train["source"] == ["Ja.", "Katze", "Maus"]
    assert len(opened.dev) == 2 and opened.test is not None and opened.test["target"] == ["cat!"]
    (tmp_path / "rows").write_text(json.dumps({"source": "x", "target": "y", "more": ["mouse"]}))
    more = {**data, "train": str(tmp_path / "rows2"), "dev": str(tmp_path / "rows"), "test": None, "references": "more"}
    rows = [{"source": one, "target": other, "more": ["z"]} for one, other in train]
    (tmp_path / "rows2").write_text("\n".join(map(json.dumps, rows)))
    more |= {"train_target": None, "dev_target": None, "test_target": None}
    assert "Maus" not in open_parallel_corpus(more, compare_targets=True).train["source"], (
        "mouse is a further reference of dev"
    )
    assert "2 training pairs removed because a side is empty (2, 3)" in caplog.text
    assert "2 training pairs; 2 removed because they occur in dev or test" in caplog.text


def test_wrong_options_of_pairs_are_refused(tmp_path: Path) -> None:
    some = [("a", "b")]
    with pytest.raises(UserError, match=r"data\.dev is not given"):
        open_parallel_corpus(pair_files(tmp_path, train=some), compare_targets=True)
    with pytest.raises(UserError, match="all training pairs occur in dev or test"):
        open_parallel_corpus(pair_files(tmp_path, train=some, dev=some), compare_targets=True)
    with pytest.raises(UserError, match="no training pair with text on both sides"):
        open_parallel_corpus(pair_files(tmp_path, train=[("", "b")], dev=some), compare_targets=True)


def test_pairs_of_a_hub_data_set(tmp_path: Path) -> None:
    for split, word in (("train", "a"), ("validation", "b")):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps({"translation": {"de": word, "en": word + "!"}, "x": "y"}))
    data = dict(compose_config(["recipe=translate", "data=hub", f"data.path={tmp_path}", "data.test=null"]).data)
    with pytest.raises(UserError, match=r"data\.source is not given"):
        open_parallel_corpus(data, compare_targets=True)
    opened = open_parallel_corpus(
        {**data, "source": "translation.de", "target": "translation.en"}, compare_targets=False
    )
    assert (opened.train["source"], opened.dev["target"]) == (["a"], ["b!"])
    with pytest.raises(UserError, match="no column 'y'"):
        open_parallel_corpus({**data, "source": "x", "target": "y"}, compare_targets=False)
    with pytest.raises(UserError, match=r"translation\.fr is not a text"):
        open_parallel_corpus({**data, "source": "x", "target": "translation.fr"}, compare_targets=False)


def test_reversal_and_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_parallel_corpus({"name": "toy-reversal"}, compare_targets=True)
    assert (len(opened.train), len(opened.dev)) == (4500, 250) and opened.num_removed < 20
    assert all(pair["target"].split() == pair["source"].split()[::-1] for pair in opened.dev)
    monkeypatch.delenv("GRUNLP_DATA", raising=False)
    with pytest.raises(UserError, match="data=aeslc: no such folder"):
        open_parallel_corpus({"name": "aeslc"}, compare_targets=True)


def test_streamed_pairs_that_are_empty_too_long_or_in_dev_are_left_out(tmp_path: Path) -> None:
    pairs = [("a b", "b a"), ("", "c"), ("d e f g h", "d"), ("d", "e f g h i j"), ("c", "dev"), ("b", "a")]
    for number in range(2):
        (tmp_path / f"part{number}.tsv").write_text("".join(f"{one}\t{other}\n" for one, other in pairs))
    (tmp_path / "dev.tsv").write_text("c\tq\n")
    files = {"train": f"{tmp_path}/part*.tsv", "dev": f"{tmp_path}/dev.tsv"}
    columns = ("test", "train_target", "dev_target", "test_target", "source", "target", "references")
    corpus = open_parallel_corpus({"name": "files", **files, **dict.fromkeys(columns)}, True, stream=True)
    words = TextTokenizer.train("word", corpus.train["source"], 100, 1)
    assert len(corpus.train) == 8 and corpus.num_removed == 4
    loader = Seq2SeqLoaderOptions(batch_tokens=6, max_source_length=4, max_target_length=4, stream_buffer_size=3)
    data = make_parallel_datamodule(corpus, words, words, loader, StreamingTrainerOptions(batches_per_epoch=8), 1)
    found = [text for batch in data.train_dataloader() for text in batch.target_texts]
    assert set(found) == {"b a", "a"} and len(found) >= 8


def test_pairs_are_scored_with_the_separator_and_quoting_of_the_training(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('I came, I saw;Veni, vidi\n"So" it is, so;Sic, sic\n')
    trained = detect_pair_layout(str(path), None, FileLayout(separator="semicolon", quoting=False))
    pairs = open_gold_pairs(trained, str(path), None, {})
    assert pairs["source"][:] == ["I came, I saw", '"So" it is, so']
    (tmp_path / "b.csv").write_text("I came,Veni\n")
    assert open_gold_pairs(trained, f"{tmp_path}/b.csv", None, {})["target"][:] == ["Veni"]
