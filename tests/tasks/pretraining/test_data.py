"""Raw text for pretraining."""

import gzip
from pathlib import Path

import pytest

from grunlp.data.writers import write_columns
from grunlp.tasks.config import compose_config
from grunlp.tasks.pretraining.data import open_pretraining_text
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus

TRAIN, DEV, TEST = toy_corpus(30, 1), toy_corpus(8, 2), toy_corpus(8, 3)


def test_raw_text_files_without_sentences_of_dev(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("".join(f"Sentence {i} is here. And more {i}.\n\n" for i in range(150)))
    (tmp_path / "b.txt").write_text("First one. Left out!\n")
    (tmp_path / "c.log").write_text("Not this.\n")
    opened = open_pretraining_text(
        compose_config(["recipe=pretrain", "data=files", f"data.train={tmp_path}/*.txt"]).data
    )
    assert len(opened.dev) == 4 and len(opened.train) == 298 and opened.test is None
    assert opened.train[-1]["words"] == ["Left", "out", "!"] and opened.train[0]["words"] == ["And", "more", "0", "."]
    for split in ("train", "dev", "test"):
        (tmp_path / "propbank-ewt").mkdir(exist_ok=True)
        write = [] if split == "train" else [{**DEV[0], "words": ["Left", "out"], "pos": [], "frames": []}]
        with gzip.open(tmp_path / "propbank-ewt" / f"{split}.conll.gz", "wt") as file:
            write_columns(write or TRAIN, file)
    monkeypatch.setenv("GRUNLP_DATA", str(tmp_path))
    arguments = [
        "recipe=pretrain",
        "data=files",
        f"data.train={tmp_path}/*.txt",
        "data.exclude_sentences_of=propbank-ewt",
    ]
    assert len(open_pretraining_text(compose_config(arguments).data).train) == 297


def test_missing_raw_text(tmp_path: Path) -> None:
    for overrides, message in (([], "data.train is not given"), ([f"data.train={tmp_path}/*.x"], "no such file")):
        with pytest.raises(UserError, match=message):
            open_pretraining_text(compose_config(["recipe=pretrain", "data=files", *overrides]).data)


@pytest.mark.parametrize("stream", [False, True])
def test_text_that_is_all_in_dev_is_refused(tmp_path: Path, stream: bool) -> None:
    (tmp_path / "a.txt").write_text("One is here.\nTwo is here.\n")
    overrides = ["recipe=pretrain", f"data.train={tmp_path}/a.txt", f"data.dev={tmp_path}/a.txt"]
    with pytest.raises(UserError, match=r"no sentence in the train split\n2 sentences were removed"):
        open_pretraining_text(compose_config(overrides).data, stream=stream)


def test_text_too_short_for_a_dev_split(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("\n\n")
    with pytest.raises(UserError, match=r"a\.txt has no usable example"):
        open_pretraining_text(compose_config(["recipe=pretrain", f"data.train={tmp_path}/a.txt"]).data)


def test_another_encoding(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Das Café.\nSchön.\n".encode("cp1252"))
    overrides = ["recipe=pretrain", f"data.train={tmp_path}/a.txt"]
    with pytest.raises(UserError, match=r"a\.txt:1: byte 0xe9.*"):
        open_pretraining_text(compose_config(overrides).data)
    opened = open_pretraining_text(compose_config([*overrides, "data.encoding=cp1252"]).data)
    assert opened.dev["words"] == [["Das", "Café", "."]]


@pytest.mark.parametrize("stream", [False, True])
def test_json_is_refused(tmp_path: Path, stream: bool) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "One is here."}\n' * 3)
    (tmp_path / "b.txt").write_text("Two is here.\n")
    overrides = ["recipe=pretrain", f"data.train={tmp_path}/a.jsonl", f"data.dev={tmp_path}/b.txt"]
    with pytest.raises(UserError, match=r"(?s)a\.jsonl has JSON objects.*jq -r"):
        open_pretraining_text(compose_config(overrides).data, stream=stream)


def test_columns_of_tagged_words_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.conll").write_text("Ann\tB-PER\nsings\tO\n\nRain\tO\nfalls\tO\n" * 60)
    open_pretraining_text(compose_config(["recipe=pretrain", f"data.train={tmp_path}/a.conll"]).data)
    assert "a.conll looks like rows of a word and its tags" in caplog.text
