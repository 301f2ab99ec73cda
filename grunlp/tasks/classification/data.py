"""Corpora of sequences with a class each: texts, or measurements."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets.arrow_cache import cached_dataset, file_fingerprints, raise_error, require_options
from grunlp.data.datasets.corpus import SPLITS, Corpus, remove_overlap, remove_overlap_by_key
from grunlp.data.datasets.cross_validation import select_fold, split_options
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.streaming import StreamingDataset, is_glob, open_hub_dataset, stream_files
from grunlp.data.deduplication import normalized_text
from grunlp.data.examples import LabeledSeries, LabeledText
from grunlp.data.readers.hub import ShardRef, read_hub_classes
from grunlp.data.toy.sentiment import sentiment_examples
from grunlp.data.toy.sequence_classification import wave_sequences
from grunlp.data.word_tokenizer import tokenize
from grunlp.tasks.classification.array_reader import SUFFIXES, read_arrays
from grunlp.tasks.classification.reader import read_labeled_texts
from grunlp.utils.errors import UserError

log = logging.getLogger(__name__)

_USER_FILES_EXAMPLE = "data=files data.train=FILE data.dev=FILE"
TEXT_FEATURES = Features(
    {"id": Value("string"), "document": Value("string"), "words": List(Value("string")), "label": Value("string")}
)
SERIES_FEATURES = Features(
    {"id": Value("string"), "label": Value("string"), "steps": Value("int32"), "values": List(Value("float32"))}
)


def open_classes(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the corpus that a config of the group `data` describes: its splits have `words`, or `values`.

    Args:
        data: the keys of `configs/data/<name>.yaml`.
        stream: the training split is to be a `StreamingDataset`, of files of texts and the hub, which is read for its
            classes.

    Raises:
        UserError: a file or split is missing, broken or empty, some are texts and others not, or all of a class.
    """
    disable_progress_bars()
    options, folds = split_options(data)
    name = options.pop("name")
    opener = partial(_OPENERS[name], stream=True) if stream else _OPENERS[name]
    splits: dict[str, Any] = {**select_fold(opener(**options), folds, lambda rows: [""] * len(rows))}
    kinds = {split: "words" not in part.column_names for split, part in splits.items()}
    if len(set(kinds.values())) > 1:
        there = ", ".join(f"{split}: {'numbers' if numbers else 'texts'}" for split, numbers in kinds.items())
        raise UserError(f"{name}: texts in one split, numbers in another", there, "Give files of one kind.")
    others = [part for split, part in splits.items() if split != "train"]
    held_out = {key for part in others for key in _dedup_keys(part)}
    if stream:
        train, left_out = remove_overlap(name, splits["train"], held_out)
    else:
        train, left_out = remove_overlap_by_key(name, splits["train"], _dedup_keys(splits["train"]), held_out)
    corpus = Corpus(name, train, splits["dev"], splits.get("test"), None, left_out)
    classes = sorted(set(train["label"]))
    if len(classes) < 2:
        there = f"it has {len(train)} examples of {', '.join(classes) or 'no class'}"
        there += f"; {corpus.num_removed} were left out because they occur in dev or test" if corpus.num_removed else ""
        raise UserError(f"{name}: the train split has fewer than two classes", there, "Give other files.")
    for split, part in splits.items():
        if split == "train":
            continue
        unknown = [label for label in part["label"] if label not in classes]
        if len(unknown) == len(part):
            there = f"train has {', '.join(classes[:10])}; {split} has {', '.join(sorted(set(unknown))[:10])}"
            raise UserError(f"{name}: no class of the {split} split occurs in train", there, "Give other files.")
        if unknown:
            said = "%s: %d of %d examples in the %s split have a class that train has not: %s"
            log.warning(said, name, len(unknown), len(part), split, ", ".join(sorted(set(unknown))[:10]))
    if any(kinds.values()):
        sizes = {split: count_features(part) for split, part in splits.items()}
        if not sizes["train"]:
            raise UserError(f"{name}: no sequence in the train split has a step", "", "Give other files.")
        if len(set(sizes.values())) > 1:
            there = ", ".join(f"{split} {size}" for split, size in sizes.items())
            raise UserError(f"{name}: the splits differ in their features", there, "Give files of one kind.")
    return corpus


def count_features(examples: Iterable[Any]) -> int:
    """C of measurements; 0 where no sequence has a step."""
    return next((len(one["values"]) // one["steps"] for one in examples if one["steps"]), 0)


def open_class_split(data: Mapping[str, Any], split: str) -> Dataset:
    """One split of the corpus that a run was trained on. Raises UserError where there is none."""
    examples: Dataset | None = getattr(open_classes(data, stream=is_glob(data)), split)
    if examples is None:
        raise UserError(f"the run has no {split} split", "it was trained without one", "Type input=FILE")
    return examples


def require_num_features(source: str, num_features: int, expected: int) -> None:
    """Raise UserError where measurements have another number of features than those of the training."""
    if num_features not in (0, expected):  # 0: no sequence has a step
        raise UserError(
            f"{source} has {num_features} features a step", f"the model was trained on {expected}", "Name another file."
        )


def require_same_inputs(run: Path, num_features: int | None, examples: Dataset) -> None:
    """Raise UserError unless examples are like those of the training.

    Args:
        run: the run folder.
        num_features: features of the measurements that the model classifies; None: it classifies texts.
        examples: as `open_class_split` returns them.
    """
    if ("values" in examples.column_names) != (num_features is not None):
        inputs = "texts" if num_features is None else "sequences of measurements"
        raise UserError(f"{run} classifies {inputs}", "the examples are of the other kind", "Name others.")
    if num_features is not None:
        require_num_features("the file", count_features(examples), num_features)


def open_class_file(path: str, source: str | None, label: str | None) -> Dataset:
    """One file of examples with classes. source, label: what holds them, as the readers take them."""
    options = {"path": str(Path(path).resolve()), "source": source, "label": label, "stamps": file_fingerprints(path)}
    if path.endswith(SUFFIXES):
        return cached_dataset(_read_arrays, SERIES_FEATURES, **options)
    examples = cached_dataset(_read_texts, TEXT_FEATURES, **options)
    if not len(examples):
        raise UserError(f"{path} holds no text", "expected a text and its class a line", "Check the file.")
    return examples


def _dedup_keys(examples: Dataset) -> list[str]:
    """What each example is recognised by in another split."""
    if "words" in examples.column_names:
        return [normalized_text(words) for words in examples["words"]]
    numbers = examples.with_format("numpy", columns=["values"])
    return [hashlib.sha256(np.ascontiguousarray(row["values"]).tobytes()).hexdigest() for row in numbers]


def _open_files(
    train: str | None,
    dev: str | None,
    test: str | None,
    source: str | None,
    label: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    require_options("a training needs data.train and data.dev", "FILE", train=train)
    files = zip(SPLITS, (train, dev, test), strict=True)
    return {
        split: (_stream_file if stream and split == "train" else open_class_file)(path, source, label)
        for split, path in files
        if path
    }


def _stream_file(pattern: str, source: str | None, label: str | None) -> StreamingDataset:
    if pattern.endswith(SUFFIXES):
        there = "files of measurements are read whole"
        raise UserError(
            f"loader.stream_buffer_size with data.train={pattern}", there, "Type loader.stream_buffer_size=0"
        )
    return stream_files(_read_texts, pattern, {}, source=source, label=label)


def _open_hub(
    path: str | None,
    config: str | None,
    source: str | None,
    label: str | None,
    train: str,
    dev: str,
    test: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    there = "a hub data set needs data.path, data.source and data.label"
    require_options(there, "NAME", path=path, source=source, label=label)
    splits = {"train": train, "dev": dev, "test": test}
    return open_hub_dataset(_read_hub, TEXT_FEATURES, path, splits, stream, source=source, label=label, config=config)


def _open_polarity() -> dict[str, Dataset]:
    """All of it; its protocol is cross-validation."""
    inside = "pos.txt.gz and neg.txt.gz, a sentence a line"
    home = "www.cs.cornell.edu/people/pabo/movie-review-data (sentence polarity dataset v1.0)"
    folder = locate_dataset("polarity", "polarity", inside, home, _USER_FILES_EXAMPLE)
    files = [str((folder / f"{name}.txt.gz").resolve()) for name in ("pos", "neg")]
    return {
        "train": cached_dataset(
            _read_polarity, TEXT_FEATURES, positive=files[0], negative=files[1], stamps=file_fingerprints(*files)
        )
    }


def _open_toy(generate: Callable[..., Iterator[Any]], features: Features) -> dict[str, Dataset]:
    return {split: cached_dataset(generate, features, split=split) for split in SPLITS}


_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "files": _open_files,
    "hub": _open_hub,
    "polarity": _open_polarity,
    "toy-sentiment": lambda: _open_toy(_toy_sentiment, TEXT_FEATURES),
    "toy-waves": lambda: _open_toy(_toy_waves, SERIES_FEATURES),
}


def _read_texts(path: str, source: str | None, label: str | None, stamps: str, code: str) -> Iterator[LabeledText]:
    return read_labeled_texts(path, source, label, raise_error)


def _read_arrays(path: str, source: str | None, label: str | None, stamps: str, code: str) -> Iterator[LabeledSeries]:
    return read_arrays(path, source, label)


def _read_hub(
    name: str, split: str, source: str, label: str, config: str | None, part: ShardRef, code: str
) -> Iterator[LabeledText]:
    for number, (text, found) in enumerate(read_hub_classes(name, split, source, label, config, part)):
        yield LabeledText(id=str(number), document="", words=_tokenize_words(text), label=found)


def _read_polarity(positive: str, negative: str, stamps: str, code: str) -> Iterator[LabeledText]:
    from grunlp.data.readers.text_lines import open_lines

    for label, path in (("positive", positive), ("negative", negative)):
        for number, text, _ in open_lines(Path(path)):
            if text.strip():
                yield LabeledText(id=f"{label}-{number}", document="", words=text.split(), label=label)


def _tokenize_words(text: str) -> list[str]:
    return [token.word for token in tokenize(text)]


def _toy_sentiment(split: str, code: str) -> Iterator[LabeledText]:
    return sentiment_examples(split)


def _toy_waves(split: str, code: str) -> Iterator[LabeledSeries]:
    return wave_sequences(split)
