"""Running text: lines in the order of their text, for language models."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, Value, concatenate_datasets, disable_progress_bars

from grunlp.data.datasets.arrow_cache import (
    cached_dataset,
    file_fingerprints,
    glob_absolute_paths,
    load_hub_dataset,
    raise_error,
    require_options,
)
from grunlp.data.datasets.corpus import SPLITS, Corpus
from grunlp.data.datasets.cross_validation import select_fold, split_options
from grunlp.data.datasets.public import PublicFile, locate_dataset
from grunlp.data.deduplication import normalized_text
from grunlp.data.readers.hub import read_hub_lines
from grunlp.data.readers.parallel import read_sources
from grunlp.data.readers.text_lines import open_lines
from grunlp.data.toy import toy_srl_examples
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_SHAKESPEARE = PublicFile(
    "input.txt",
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt",
    "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed",
)

FEATURES = Features({"text": Value("string")})
_DEV_FRACTION = 0.1  # of the signs of a text without a development split, from its end
# What a line needs of either to count as a sentence: shorter ones recur in any text, and some scripts have no blanks.
_MIN_WORDS, _MIN_LETTERS = 5, 20


def open_running_text(data: Mapping[str, Any]) -> Corpus:
    """Open the text that a config of the group `data` describes.

    Training lines of five words or twenty letters that occur in dev or test are left out; the log says how many.

    Args:
        data: the keys of `configs/data/<name>.yaml`.

    Raises:
        UserError: a file is missing or broken, or a split empty, or nothing is left for training.
    """
    disable_progress_bars()
    options, folds = split_options(data)
    name = options.pop("name")
    splits = select_fold(_OPENERS[name](**options), folds, None)
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    for split, lines in splits.items():
        if not any(text.strip() for text in lines["text"]):
            raise UserError(f"{name}: no text in the {split} split", f"it has {len(lines)} lines", "Give more text.")
    held_out = {normalized_text([text]) for part in (dev, test) if part is not None for text in part["text"]}
    keep = [
        i for i, text in enumerate(train["text"]) if not (_is_sentence(text) and normalized_text([text]) in held_out)
    ]
    left_out = len(train) - len(keep)
    log.info("%s: %d training lines, %d more left out because they occur in dev or test", name, len(keep), left_out)
    if not any(train[i]["text"].strip() for i in keep):
        raise UserError(f"{name}: all training text occurs in dev or test", f"{left_out} lines", "Give other files.")
    return Corpus(name, train.select(keep) if left_out else train, dev, test, None, left_out)


def open_line_split(data: Mapping[str, Any], split: str) -> Dataset:
    """One split of the text that a run was trained on. Raises UserError where there is none."""
    lines: Dataset | None = getattr(open_running_text(data), split)
    if lines is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type split=dev or input=FILE")
    return lines


def open_line_files(pattern: str, field: str | None) -> Dataset:
    """The lines of all files that a pattern stands for, in the order of their names.

    Args:
        pattern: a file, or a pattern as shells write them; plain, gz or xz.
        field: of files whose lines are JSON objects; None: source or text.
    """
    disable_progress_bars()
    parts = [
        cached_dataset(_read_file, FEATURES, path=path, field=field, stamps=file_fingerprints(path))
        for path in glob_absolute_paths(pattern)
    ]
    return concatenate_datasets(parts)


def _is_sentence(text: str) -> bool:
    return len(text.split()) >= _MIN_WORDS or len(normalized_text([text])) >= _MIN_LETTERS


def _open_files(train: str | None, dev: str | None, test: str | None, field: str | None) -> dict[str, Dataset]:
    require_options("a language model needs text", "FILE_OR_PATTERN", train=train)
    files = {split: path for split, path in zip(SPLITS, (train, dev, test), strict=True) if path}
    for split in list(files)[1:]:
        if both := sorted({*glob_absolute_paths(files["train"])} & {*glob_absolute_paths(files[split])}):
            raise UserError(f"{both[0]} is in train and in {split}", "no text may be in two splits", "Part the files.")
    splits = {split: open_line_files(path, field) for split, path in files.items()}
    if dev is None:
        lines = splits["train"]
        sizes = [len(text) + 1 for text in lines["text"]]
        rest, first = sum(sizes) * (1 - _DEV_FRACTION), 0
        while first < len(sizes) and rest >= sizes[first]:
            rest -= sizes[first]
            first += 1
        if not first:
            there = f"{len(lines)} lines, too long to give the last tenth of the text to dev"
            raise UserError("data.dev is not given", there, "Add data.dev=FILE")
        splits |= {"train": lines.select(range(first)), "dev": lines.select(range(first, len(lines)))}
    return splits


def _open_hub(
    path: str | None, config: str | None, text: str | None, train: str, dev: str, test: str | None
) -> dict[str, Dataset]:
    require_options("a hub data set needs data.path and data.text", "NAME", path=path, text=text)
    splits = {"train": train, "dev": dev, "test": test}
    return load_hub_dataset(_read_hub, FEATURES, path, splits, text=text, config=config)


def _open_toy() -> dict[str, Dataset]:
    return {split: cached_dataset(_read_toy, FEATURES, split=split) for split in SPLITS}


def _open_tinyshakespeare() -> dict[str, Dataset]:
    inside = "input.txt or input.txt.gz, all in one"
    home = "github.com/karpathy/char-rnn (data/tinyshakespeare)"
    own = "data=files data.train=FILE"
    folder = locate_dataset("tinyshakespeare", "tinyshakespeare", inside, home, own, [_SHAKESPEARE], "public domain")
    found = [folder / name for name in ("input.txt", "input.txt.gz") if (folder / name).is_file()]
    if not found:
        raise UserError(f"{folder} holds no input.txt", f"expected {inside}", f"Get it from {home}")
    path = str(found[0].resolve())
    return {
        split: cached_dataset(_read_shakespeare, FEATURES, path=path, split=split, stamps=file_fingerprints(path))
        for split in SPLITS[:2]
    }


_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "files": _open_files,
    "hub": _open_hub,
    "toy-srl": _open_toy,
    "tinyshakespeare": _open_tinyshakespeare,
}


def _read_file(path: str, field: str | None, stamps: str, code: str) -> Iterator[dict[str, str]]:
    for pair in read_sources(path, field, raise_error):
        yield from ({"text": line} for line in pair["source"].split("\n"))


def _read_hub(name: str, split: str, text: str, config: str | None, part: None, code: str) -> Iterator[dict[str, str]]:
    return ({"text": line} for line in read_hub_lines(name, split, text, config))


def _read_toy(split: str, code: str) -> Iterator[dict[str, str]]:
    return ({"text": " ".join(example["words"])} for example in toy_srl_examples(split))


def _read_shakespeare(path: str, split: str, stamps: str, code: str) -> Iterator[dict[str, str]]:
    """The customary split: of all characters the first nine tenths for training, the last for development."""
    text = "\n".join(line.text for line in open_lines(Path(path)))
    cut = int(0.9 * (len(text) + 1))
    part = text[:cut] if split == "train" else text[cut:]
    yield from ({"text": line} for line in part.split("\n"))
