"""Data sets by name and the user's own files, as they come out of the door that trainings use."""

import gzip
import json
import logging
from pathlib import Path
from typing import Any

import pytest

from grunlp.configuration.compose import compose_config
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.writers import write_columns, write_json_lines
from grunlp.tasks.pretraining.data import open_pretraining_text
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.tagging.data import open_tagging_corpus
from grunlp.utils.errors import DataError, UserError
from tests.toys import toy_corpus

TRAIN, DEV, TEST = toy_corpus(30, 1), toy_corpus(8, 2), toy_corpus(8, 3)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    paths = {}
    for split, examples in (("train", TRAIN), ("dev", DEV), ("test", TEST)):
        path = tmp_path / f"{split}.conll"
        with path.open("w", encoding="utf-8") as file:
            write_columns(examples, file)
        paths[split] = str(path)
    return paths


def corpus(*overrides: str) -> Corpus:
    return open_srl_corpus(compose_config(["recipe=srl", *overrides]).data)


def given(paths: dict[str, str]) -> list[str]:
    return [f"data.{split}={path}" for split, path in paths.items()]


def test_own_files(files: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    opened = corpus(*given(files))
    held_out = {" ".join(e["words"]) for e in (*DEV, *TEST)}
    kept = [e["words"] for e in TRAIN if " ".join(e["words"]) not in held_out]
    assert [e["words"] for e in opened.train] == kept
    assert opened.num_removed == len(TRAIN) - len(kept) > 0
    assert f"{opened.num_removed} more left out because they occur in dev or test" in caplog.text
    assert [e["frames"] for e in opened.dev] == [e["frames"] for e in DEV]
    assert opened.test is not None and len(opened.test) == len(TEST)


def test_without_test(files: dict[str, str]) -> None:
    del files["test"]
    assert corpus(*given(files)).test is None


def test_extra_training_data_is_filtered_too(files: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "more.jsonl").open("w") as file:
        write_json_lines([*toy_corpus(5, 9), *DEV], file)
    plain, more = corpus(*given(files)), corpus(*given(files), f"data.extra={tmp_path / 'more.jsonl'}")
    assert plain.extra is None and more.extra is not None and more.train["words"] == plain.train["words"]
    assert not {tuple(e["words"]) for e in more.extra} & {tuple(e["words"]) for e in DEV}
    assert all(more.extra["extra"]) and 0 < len(more.extra) <= 5
    assert more.num_removed == plain.num_removed + 5 + len(DEV) - len(more.extra)


def test_a_changed_file_is_read_anew(files: dict[str, str]) -> None:
    assert len(corpus(*given(files)).dev) == 8
    with open(files["dev"], "w") as file:
        write_columns(toy_corpus(9, 5), file)
    assert len(corpus(*given(files)).dev) == 9


def test_what_is_missing_is_named(files: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)data\.dev is not given.*Add data\.dev=FILE"):
        corpus(f"data.train={files['train']}")
    with pytest.raises(DataError, match="does not exist"):
        corpus(f"data.train={files['train']}", "data.dev=nowhere.conll")
    (tmp_path / "bare.jsonl").write_text(json.dumps({"words": ["no", "verb"], "frames": []}) + "\n")
    with pytest.raises(UserError, match="no predicate in the dev split"):
        corpus(f"data.train={files['train']}", f"data.dev={tmp_path / 'bare.jsonl'}")


def test_a_broken_file_is_named_with_its_line(files: dict[str, str]) -> None:
    path = Path(files["dev"])
    path.write_text(path.read_text().replace("(ARG1*", "(ARG1", 1))
    with pytest.raises(DataError, match=r"dev\.conll:\d+: "):
        corpus(*given(files))


def test_hub_data_from_local_json(tmp_path: Path) -> None:
    for split, examples in (("train", TRAIN), ("validation", DEV), ("test", TEST)):
        rows: list[dict[str, Any]] = [
            {"tokens": e["words"], "roles": f["tags"], "verb": f["index"]} for e in examples for f in e["frames"]
        ]
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)))
    hub = ["data=hub", f"data.path={tmp_path}", "data.words=tokens", "data.tags=roles"]
    opened = corpus(*hub, "data.predicate=verb")
    assert sum(len(e["frames"]) for e in opened.dev) == sum(len(e["frames"]) for e in DEV)
    with pytest.raises(UserError, match=r"data\.words is not given"):
        corpus("data=hub", f"data.path={tmp_path}")
    with pytest.raises(UserError, match="no column"):
        corpus("data=hub", f"data.path={tmp_path}", "data.words=text", "data.tags=roles")


def test_demo() -> None:
    opened = corpus("data=demo")
    assert opened.test is not None and len(opened.train) > 3000
    assert opened.num_removed == 0


def test_nothing_left_to_train_on(files: dict[str, str]) -> None:
    files["train"] = files["dev"]
    with pytest.raises(UserError, match=r"(?s)no predicate in the train split.*8 were left out because they occur"):
        corpus(*given(files))


def test_the_format_is_named_every_time(files: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        caplog.clear()
        corpus(*given(files))
        assert caplog.text.count("format columns") == 3


@pytest.mark.realdata
def test_propbank_ewt(data_root: Path) -> None:
    opened = corpus("data=propbank-ewt")
    assert opened.test is not None
    assert (len(opened.train), opened.num_removed, len(opened.dev), len(opened.test)) == (12011, 509, 1966, 2058)


def test_raw_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.txt").write_text("".join(f"Sentence {i} is here. And more {i}.\n\n" for i in range(150)))
    (tmp_path / "b.txt").write_text("First one. Left out!\n")
    (tmp_path / "c.log").write_text("Not this.\n")
    opened = open_pretraining_text(
        compose_config(["recipe=pretrain", "data=text", f"data.train={tmp_path}/*.txt"]).data
    )
    assert len(opened.dev) == 4 and len(opened.train) == 298 and opened.test is None
    assert opened.train[-1]["words"] == ["Left", "out", "!"] and opened.train[0]["words"] == ["And", "more", "0", "."]
    for split in ("train", "dev", "test"):
        (tmp_path / "propbank-ewt").mkdir(exist_ok=True)
        write = [] if split == "train" else [{**DEV[0], "words": ["Left", "out"], "pos": [], "frames": []}]
        with gzip.open(tmp_path / "propbank-ewt" / f"{split}.conll.gz", "wt") as file:
            write_columns(write or TRAIN, file)
    monkeypatch.setenv("GRUNLP_DATA", str(tmp_path))
    arguments = ["recipe=pretrain", "data=text", f"data.train={tmp_path}/*.txt", "data.without=propbank-ewt"]
    assert len(open_pretraining_text(compose_config(arguments).data).train) == 297


def test_raw_text_that_is_not_there(tmp_path: Path) -> None:
    for overrides, message in (([], "data.train is not given"), ([f"data.train={tmp_path}/*.x"], "no such file")):
        with pytest.raises(UserError, match=message):
            open_pretraining_text(compose_config(["recipe=pretrain", "data=text", *overrides]).data)


def test_tagged_files_and_parts_of_speech_as_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, text in (("train", "a O\nb S-X\n\nc O\n"), ("dev", "b I-X\n\nd O\n")):
        (tmp_path / f"{split}.txt").write_text(text)
    columns = {"words": None, "tags": None}
    data = {"name": "tags", "train": f"{tmp_path}/train.txt", "dev": f"{tmp_path}/dev.txt", "test": None, **columns}
    opened = open_tagging_corpus(data)
    assert opened.train["tags"] == [["O", "B-X"], ["O"]] and opened.dev["tags"] == [["B-X"], ["O"]]
    assert opened.test is None and opened.num_removed == 0
    (tmp_path / "train.txt").write_text("b S-X\n\nc O\n")
    assert open_tagging_corpus(data).num_removed == 1, "b is in dev"
    (tmp_path / "train.txt").write_text("b NN\n\nc VB\n")
    with pytest.raises(UserError, match="the dev split has tags like B-X"):
        open_tagging_corpus(data)
    with pytest.raises(UserError, match="no sentence in the train split"):
        open_tagging_corpus({**data, "train": data["dev"]})
    demo = open_tagging_corpus({"name": "demo", "extra": None})
    assert set(demo.train.column_names) == {"id", "document", "words", "tags"}
    assert "NNP" in {tag for tags in demo.train["tags"] for tag in tags}
    monkeypatch.delenv("GRUNLP_DATA", raising=False)
    with pytest.raises(UserError, match="no such folder"):
        open_tagging_corpus({"name": "wnut17"})


def test_tagged_hub_data_from_local_json(tmp_path: Path) -> None:
    rows = [{"tokens": ["Anna", "left"], "ner": ["U-PER", "O"]}]
    for split in ("train", "validation"):
        (tmp_path / f"{split}.jsonl").write_text("\n".join(map(json.dumps, rows)) + "\n")
        rows = [{"tokens": ["she"], "ner": ["O"]}]
    data = {"name": "hub", "path": str(tmp_path), "config": None, "words": "tokens", "tags": "ner", "predicate": None}
    opened = open_tagging_corpus({**data, "train": "train", "dev": "validation", "test": None})
    assert opened.train["tags"] == [["B-PER", "O"]] and opened.dev["words"] == [["she"]]
    with pytest.raises(UserError, match="no predicates"):
        open_tagging_corpus({**data, "predicate": "verb", "train": "train", "dev": "validation", "test": None})


def test_two_files_a_split_are_read_once(tmp_path: Path) -> None:
    """A list among the arguments of `datasets` would be taken for shards, each read as a whole."""
    for split in ("train", "dev"):
        (tmp_path / f"{split}.words").write_text(f"Anna\ncalled\n{split}\n\n")
        (tmp_path / f"{split}.props").write_text("- (A0*)\ncall (V*)\n- *\n\n")
    arguments = [f"data.{split}={tmp_path}/{split}.props" for split in ("train", "dev")]
    arguments += [f"data.{split}_words={tmp_path}/{split}.words" for split in ("train", "dev")]
    opened = corpus(*arguments, "data.format=conll2005")
    assert len(opened.train) == len(opened.dev) == 1


def pair_files(tmp_path: Path, **splits: list[tuple[str, str]]) -> dict[str, Any]:
    data = dict(compose_config(["recipe=translate", "data=pairs"]).data)
    for split, pairs in splits.items():
        for key, side in ((split, 0), (f"{split}_target", 1)):
            (tmp_path / key).write_text("".join(pair[side] + "\n" for pair in pairs))
            data[key] = str(tmp_path / key)
    return data


def test_pairs(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    train = [("Ja.", "Yes."), ("", "Empty."), ("Leer.", " "), ("Hund!", "Dog."), ("Katze", "Cat"), ("Maus", "Mouse")]
    data = pair_files(tmp_path, train=train, dev=[("hund", "a dog"), ("", "")], test=[("Kater", "cat!")])
    opened = open_parallel_corpus(data, drop_empty_targets=True)
    assert opened.train["source"] == ["Ja.", "Maus"] and opened.num_removed == 2
    assert open_parallel_corpus(data, drop_empty_targets=False).train["source"] == ["Ja.", "Katze", "Maus"]
    assert len(opened.dev) == 2 and opened.test is not None and opened.test["target"] == ["cat!"]
    (tmp_path / "rows").write_text(json.dumps({"source": "x", "target": "y", "more": ["mouse"]}))
    more = {**data, "train": str(tmp_path / "rows2"), "dev": str(tmp_path / "rows"), "test": None, "references": "more"}
    rows = [{"source": one, "target": other, "more": ["z"]} for one, other in train]
    (tmp_path / "rows2").write_text("\n".join(map(json.dumps, rows)))
    more |= {"train_target": None, "dev_target": None, "test_target": None}
    assert "Maus" not in open_parallel_corpus(more, drop_empty_targets=True).train["source"], (
        "mouse is a further reference of dev"
    )
    assert "2 training pairs left out because a side is empty (2, 3)" in caplog.text
    assert "2 training pairs, 2 more left out because they occur in dev or test" in caplog.text


def test_pairs_that_cannot_be(tmp_path: Path) -> None:
    some = [("a", "b")]
    with pytest.raises(UserError, match=r"data\.dev is not given"):
        open_parallel_corpus(pair_files(tmp_path, train=some), drop_empty_targets=True)
    with pytest.raises(UserError, match="all training pairs occur in dev or test"):
        open_parallel_corpus(pair_files(tmp_path, train=some, dev=some), drop_empty_targets=True)
    with pytest.raises(UserError, match="no training pair with text on both sides"):
        open_parallel_corpus(pair_files(tmp_path, train=[("", "b")], dev=some), drop_empty_targets=True)


def test_pairs_of_a_hub_data_set(tmp_path: Path) -> None:
    for split, word in (("train", "a"), ("validation", "b")):
        (tmp_path / f"{split}.jsonl").write_text(json.dumps({"translation": {"de": word, "en": word + "!"}, "x": "y"}))
    data = dict(compose_config(["recipe=translate", "data=hub-pairs", f"data.path={tmp_path}", "data.test=null"]).data)
    with pytest.raises(UserError, match=r"data\.source is not given"):
        open_parallel_corpus(data, drop_empty_targets=True)
    opened = open_parallel_corpus(
        {**data, "source": "translation.de", "target": "translation.en"}, drop_empty_targets=False
    )
    assert (opened.train["source"], opened.dev["target"]) == (["a"], ["b!"])
    with pytest.raises(UserError, match="no column 'y'"):
        open_parallel_corpus({**data, "source": "x", "target": "y"}, drop_empty_targets=False)
    with pytest.raises(UserError, match=r"translation\.fr is no text"):
        open_parallel_corpus({**data, "source": "x", "target": "translation.fr"}, drop_empty_targets=False)


def test_reversal_and_folders(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = open_parallel_corpus({"name": "reversal"}, drop_empty_targets=True)
    assert (len(opened.train), len(opened.dev)) == (4500, 250) and opened.num_removed < 20
    assert all(pair["target"].split() == pair["source"].split()[::-1] for pair in opened.dev)
    monkeypatch.delenv("GRUNLP_DATA", raising=False)
    with pytest.raises(UserError, match="data=aeslc: no such folder"):
        open_parallel_corpus({"name": "aeslc"}, drop_empty_targets=True)
