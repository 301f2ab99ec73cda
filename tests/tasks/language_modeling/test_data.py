"""Text for language models: the user's own files and the Hub."""

import json
from pathlib import Path

import pytest

from grunlp.tasks.config import compose_config
from grunlp.tasks.language_modeling.data import open_running_text
from grunlp.utils.errors import UserError


def test_text_of_a_hub_dataset(tmp_path: Path) -> None:
    for split, texts in (("train", ["one\ntwo", "three\n"]), ("validation", ["four"])):
        (tmp_path / f"{split}.jsonl").write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
    hub = ["recipe=lm", "data=hub", f"data.path={tmp_path}", "data.text=text", "data.test=null"]
    corpus = open_running_text(compose_config(hub).data)
    assert corpus.train["text"][:] == ["one", "two", "three"] and corpus.dev["text"][:] == ["four"]
    with pytest.raises(UserError, match=r"data\.text is not given"):
        open_running_text(compose_config([*hub[:3], "data.test=null"]).data)
    with pytest.raises(UserError, match="no column 'words'"):
        open_running_text(compose_config([*hub[:3], "data.text=words", "data.test=null"]).data)


def test_own_text_is_split_and_overlap_removed(tmp_path: Path) -> None:
    config = compose_config(["recipe=lm", f"data.train={tmp_path}/*.txt"])
    assert config.data.name == "files"
    with pytest.raises(UserError, match="no such file"):
        open_running_text(config.data)
    (tmp_path / "a.txt").write_text("".join(f"{i} is a number\n" for i in range(95)) + "one line that comes again\n")
    (tmp_path / "b.txt").write_text("so it is\n" * 4 + "One line that comes again!\nso it is\n  laid out\n" + "y" * 90)
    corpus = open_running_text(config.data)
    assert len(corpus.train) == 96 and corpus.num_removed == 1
    assert corpus.dev["text"][:2] == ["so it is", "so it is"] and "  laid out" in corpus.dev["text"]
    assert corpus.train["text"][0] == "0 is a number"
    (tmp_path / "c.txt").write_text("一二三四五六七八九十一二三四五六七八九十一\n" + "short line\n" * 9)
    (tmp_path / "d.txt").write_text("一二三四五六七八九十一二三四五六七八九十一\n")
    apart = compose_config(["recipe=lm", f"data.train={tmp_path}/c.txt", f"data.dev={tmp_path}/d.txt"])
    assert open_running_text(apart.data).num_removed == 1
    apart.data.train = f"{tmp_path}/*.txt"
    with pytest.raises(UserError, match=r"d.txt is in train and in dev"):
        open_running_text(apart.data)
    apart.data.train = f"{tmp_path}/e"
    (tmp_path / "e").write_text("一二三四五六七八九十一二三四五六七八九十一\n")
    with pytest.raises(UserError, match="all training text occurs in dev or test"):
        open_running_text(apart.data)
    (tmp_path / "long").write_text("one line " * 50)
    with pytest.raises(UserError, match=r"(?s)data.dev is not given.*Add data.dev=FILE"):
        open_running_text(compose_config(["recipe=lm", f"data.train={tmp_path}/long"]).data)
    (tmp_path / "dev.txt").write_text("\n\n")
    config.data.train, config.data.dev = f"{tmp_path}/a.txt", f"{tmp_path}/dev.txt"
    with pytest.raises(UserError, match="no text in the dev split"):
        open_running_text(config.data)


def test_a_field_of_a_file_without_json_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("the cat\n" * 9)
    with pytest.raises(UserError, match=r"field 'body' of .*a\.txt, which has no JSON objects"):
        open_running_text(compose_config(["recipe=lm", f"data.train={tmp_path}/a.txt", "data.field=body"]).data)


def test_an_array_with_indentation(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"body": f"line {i}"} for i in range(20)], indent=2))
    corpus = open_running_text(compose_config(["recipe=lm", f"data.train={tmp_path}/a.json", "data.field=body"]).data)
    assert corpus.train["text"][:2] == ["line 0", "line 1"]


def test_files_that_are_not_text_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "a.conll").write_text("Ann\tB-PER\nsings\tO\n\nRain\tO\nfalls\tO\n" * 9)
    (tmp_path / "b.txt").write_text("Ann sings.\nRain falls, and then some.\n" * 9)
    for name, is_named in (("a.conll", True), ("b.txt", False)):
        caplog.clear()
        open_running_text(compose_config(["recipe=lm", f"data.train={tmp_path}/{name}"]).data)
        assert ("looks like rows of a word and its tags" in caplog.text) == is_named
