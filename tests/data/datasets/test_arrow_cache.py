"""The Arrow cache: read once, read again after a change."""

from pathlib import Path

import pytest
from datasets import Features

from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.writers import write_columns
from grunlp.tasks.config import compose_config
from grunlp.utils.errors import DataError
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


def test_a_changed_file_is_read_again(files: dict[str, str]) -> None:
    assert len(corpus(*given(files)).dev) == 8
    with open(files["dev"], "w") as file:
        write_columns(toy_corpus(9, 5), file)
    assert len(corpus(*given(files)).dev) == 9


def test_files_of_a_glob_are_read_once(tmp_path: Path) -> None:
    """A list among the arguments of `datasets` would be taken for shards, each read as a whole."""
    for split in ("train", "dev"):
        (tmp_path / f"{split}.words").write_text(f"Anna\ncalled\n{split}\n\n")
        (tmp_path / f"{split}.props").write_text("- (A0*)\ncall (V*)\n- *\n\n")
    arguments = [f"data.{split}={tmp_path}/{split}.props" for split in ("train", "dev")]
    arguments += [f"data.{split}_words_file={tmp_path}/{split}.words" for split in ("train", "dev")]
    opened = corpus(*arguments, "data.format=conll2005")
    assert len(opened.train) == len(opened.dev) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="none: does not exist"):
        cached_dataset(lambda: iter(()), Features(), [tmp_path / "none"])
