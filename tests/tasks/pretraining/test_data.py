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
