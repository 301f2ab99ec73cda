"""SRL corpora by name and from files: splits, filters and errors."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.writers import write_columns, write_json_lines
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import DataError, UserError
from tests.random_srl_corpus import toy_corpus

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
    assert f"{opened.num_removed} removed because they occur in dev or test" in caplog.text
    assert [e["frames"] for e in opened.dev] == [e["frames"] for e in DEV]
    assert opened.test is not None and len(opened.test) == len(TEST)


def test_without_test(files: dict[str, str]) -> None:
    del files["test"]
    assert corpus(*given(files)).test is None


def test_extra_training_data_is_filtered_too(files: dict[str, str], tmp_path: Path) -> None:
    with (tmp_path / "more.jsonl").open("w") as file:
        write_json_lines([*toy_corpus(5, 9), *DEV], file)
    plain, more = corpus(*given(files)), corpus(*given(files), f"data.extra_train={tmp_path / 'more.jsonl'}")
    assert plain.extra is None and more.extra is not None and more.train["words"] == plain.train["words"]
    assert not {tuple(e["words"]) for e in more.extra} & {tuple(e["words"]) for e in DEV}
    assert all(more.extra["from_extra_corpus"]) and 0 < len(more.extra) <= 5
    assert more.num_removed == plain.num_removed + 5 + len(DEV) - len(more.extra)


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
    opened = corpus("data=toy-srl")
    assert opened.test is not None and len(opened.train) > 3000
    assert opened.num_removed == 0


def test_nothing_left_to_train_on(files: dict[str, str]) -> None:
    files["train"] = files["dev"]
    with pytest.raises(UserError, match=r"(?s)no predicate in the train split.*8 were removed because they occur"):
        corpus(*given(files))


def test_the_format_is_named_every_time(files: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(2):
        caplog.clear()
        corpus(*given(files))
        assert caplog.text.count("read as: columns") == 3


@pytest.mark.realdata
def test_propbank_ewt(data_root: Path) -> None:
    opened = corpus("data=propbank-ewt")
    assert opened.test is not None
    assert (len(opened.train), opened.num_removed, len(opened.dev), len(opened.test)) == (12011, 509, 1966, 2058)
