"""Tagged corpora: files, parts of speech, the Hub."""

import json
import logging
from pathlib import Path

import pytest

from grunlp.data.input_manifest import clear_recorded_inputs, write_manifest
from grunlp.runs.layout import DATA_MANIFEST, run_layout
from grunlp.tasks.tagging.data import open_gold_tag_file, open_tagging_corpus
from grunlp.utils.errors import DataError, UserError


def test_tagged_files_and_parts_of_speech_as_tags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for split, text in (("train", "a O\nb S-X\n\nc O\n"), ("dev", "b I-X\n\nd O\n")):
        (tmp_path / f"{split}.txt").write_text(text)
    columns = {"words": None, "tags": None}
    data = {"name": "files", "train": f"{tmp_path}/train.txt", "dev": f"{tmp_path}/dev.txt", "test": None, **columns}
    opened = open_tagging_corpus(data)
    assert opened.train["tags"] == [["O", "B-X"], ["O"]] and opened.dev["tags"] == [["B-X"], ["O"]]
    assert opened.test is None and opened.num_removed == 0
    (tmp_path / "train.txt").write_text("b S-X\n\nc O\ne S-X\n")
    assert open_tagging_corpus(data).num_removed == 1, "b is in dev"
    (tmp_path / "train.txt").write_text("b NN\n\nc VB\n")
    with pytest.raises(UserError, match="the dev split has tags like B-X"):
        open_tagging_corpus(data)
    with pytest.raises(UserError, match="no sentence in the train split"):
        open_tagging_corpus({**data, "train": data["dev"]})
    demo = open_tagging_corpus({"name": "toy-srl"})
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
    data = {"name": "hub", "path": str(tmp_path), "config": None, "words": "tokens", "tags": "ner"}
    opened = open_tagging_corpus({**data, "train": "train", "dev": "validation", "test": None})
    assert opened.train["tags"] == [["B-PER", "O"]] and opened.dev["words"] == [["she"]]


def test_spans_of_a_stream_must_be_iob2(tmp_path: Path) -> None:
    for name, tags in (("part0", "S-A O B-B E-B"), ("part1", "O U-A"), ("dev", "B-A O")):
        rows = [f"w{name}{i}\t{tag}" for i, tag in enumerate(tags.split())]
        (tmp_path / f"{name}.tsv").write_text("\n".join(rows) + "\n")
    keys = {"test": None, "words": None, "tags": None}
    data = {"name": "files", "train": f"{tmp_path}/part*.tsv", "dev": f"{tmp_path}/dev.tsv", **keys}
    assert [one["tags"] for one in open_tagging_corpus(data, stream=True).train] == [
        ["B-A", "O", "B-B", "I-B"],
        ["O", "B-A"],
    ]
    (tmp_path / "part2.tsv").write_text("word\tNOUN\n")
    with pytest.raises(DataError, match=r"sentence part2.tsv:1: 'NOUN'"):
        list(open_tagging_corpus(data, stream=True).train)
    (tmp_path / "dev.tsv").write_text("word\tNOUN\n")
    with pytest.raises(UserError, match="Tags must be of one kind"):
        open_tagging_corpus(data, stream=True)


def tag_files(folder: Path, **contents: str) -> dict[str, str | None]:
    """The group `data` of files with these contents, by split."""
    for split, content in contents.items():
        (folder / f"{split}.txt").write_text(content)
    paths = {split: f"{folder}/{split}.txt" if split in contents else None for split in ("train", "dev", "test")}
    return {"name": "files", "words": None, "tags": None, **paths}


@pytest.mark.parametrize("tag", ["O", "_", "NN"])
def test_one_tag_alone_is_nothing_to_learn(tmp_path: Path, tag: str) -> None:
    data = tag_files(tmp_path, train=f"a {tag}\nb {tag}\n", dev=f"c {tag}\n")
    with pytest.raises(UserError, match=f"fewer than two tags to learn\nevery tag is '{tag}'\n.*data.tags="):
        open_tagging_corpus(data)


def test_tags_that_training_lacks_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = tag_files(tmp_path, train="a O\nb B-X\n", dev="c B-Y\n\nd O\ne B-Y\n", test="f B-Z\n")
    with caplog.at_level(logging.WARNING):
        open_tagging_corpus(data)
    assert "the dev split: 2 of 3 tags do not occur in the training data, and count as errors: B-Y (2)" in caplog.text
    assert "the test split: 1 of 1 tags" in caplog.text and "B-Z (1)" in caplog.text


def test_a_split_without_a_sentence_is_named(tmp_path: Path) -> None:
    data = tag_files(tmp_path, train="a O\nb B-X\n", dev="\n \n")
    with pytest.raises(UserError, match=r"dev\.txt: has no sentences"):
        open_tagging_corpus(data)


def test_the_scheme_of_bare_tags_counts_for_other_files_too(tmp_path: Path) -> None:
    data = tag_files(tmp_path, train="a PER\nb PER\nc O\n", dev="c O\nd PER\n") | {"tag_scheme": "io"}
    clear_recorded_inputs()
    assert open_tagging_corpus(data).train["tags"] == [["B-PER", "I-PER", "O"]]
    write_manifest(tmp_path / DATA_MANIFEST)
    trained = run_layout(tmp_path)
    assert open_gold_tag_file(data, str(data["train"]), trained)["tags"] == [["B-PER", "I-PER", "O"]]
    (tmp_path / "a.jsonl").write_text('{"words": ["a", "b"], "tags": ["PER", "O"]}\n')
    assert open_gold_tag_file(data, f"{tmp_path}/a.jsonl", trained)["tags"] == [["B-PER", "O"]]


def test_plain_tags_stay_in_every_file(tmp_path: Path) -> None:
    data = tag_files(tmp_path, train="a B_X\nb I_X\nc O\n", dev="c O\nd B_X\n")
    assert open_tagging_corpus(data).train["tags"] == [["B-X", "I-X", "O"]]
    clear_recorded_inputs()
    assert open_tagging_corpus(data | {"tag_scheme": "plain"}).train["tags"] == [["B_X", "I_X", "O"]]
    write_manifest(tmp_path / DATA_MANIFEST)
    assert open_gold_tag_file(data, str(data["dev"]), run_layout(tmp_path))["tags"] == [["O", "B_X"]]
