"""Corpora of sentences with one tag for each word."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets import srl
from grunlp.data.datasets.arrow_cache import cached_dataset
from grunlp.data.datasets.corpus import (
    SPLITS,
    Corpus,
    dedup_keys,
    remove_overlap,
    require_two_labels,
    warn_unknown_labels,
)
from grunlp.data.datasets.cross_validation import select_fold
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.task_datasets import Splits, TaskDatasets, needs_streaming
from grunlp.data.examples import TaggedSentence
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import record_layout
from grunlp.data.readers import detect_format
from grunlp.data.readers.hub import ShardRef, read_hub_tagged
from grunlp.data.readers.json_records import JSON_FORMATS, json_format
from grunlp.data.readers.tagged import (
    convert_to_iob2,
    detect_tag_layout,
    iter_tagged,
    read_tagged,
    sentence_to_iob2,
)
from grunlp.data.tag_schemes import detect_scheme, require_same_tag_type
from grunlp.utils.errors import DataError, UserError

TAGGED_FEATURES = Features(
    {name: srl.FEATURES[name] for name in ("id", "document", "words")} | {"tags": List(Value("string"))}
)

_FRAME_DATASETS = ("srl-files", "propbank-ewt", "toy-srl")
_USER_FILES_EXAMPLE = "data=files data.train=FILE data.dev=FILE"
_NUM_PROBED = 1000  # sentences of a stream whose type of tags is checked


def open_tagging_corpus(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the corpus described by a configuration, with one tag for each word.

    Args:
        data: the group `data`. The tags of a corpus with frames are its parts of speech.
        stream: make the training split a `StreamingDataset`. Its tags count as span tags if those of dev do; its first
            sentences are checked for this.

    Raises:
        UserError: a file or split is missing or malformed, or has no tags.
    """
    disable_progress_bars()
    name = data["name"]
    splits = _open_splits(data, stream)
    if stream and "dev" in splits and detect_scheme(splits["dev"]["tags"]) is not None:
        splits["train"] = splits["train"].map(partial(sentence_to_iob2, name))
    splits = select_fold(splits, data, srl.document_ids)
    dev, test = splits["dev"], splits.get("test")
    train, num_removed = remove_overlap(name, splits["train"], dedup_keys(dev, test))
    corpus = Corpus(name, train, dev, test, None, num_removed)
    tags = list(islice(train["tags"], _NUM_PROBED if stream else None))
    if not tags:
        details = f"{corpus.num_removed} were removed because they occur in dev or test"
        raise UserError(f"{name}: no sentence in the train split", details, "Give other files.")
    known = {tag for sentence in tags for tag in sentence}
    for split, examples in (("dev", dev), ("test", test)):
        if examples is not None:
            require_same_tag_type(f"{name}: the {split} split", examples["tags"], "the training data", tags)
            if not stream:  # whose first sentences alone were read
                warn_unknown_labels(f"{name}: the {split} split", "tags", chain.from_iterable(examples["tags"]), known)
    hint = "Name the column of the tags by data.tags=COLUMN, or give other files."
    require_two_labels(name, "tag", known, hint)
    return corpus


def open_tagging_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a tagger was trained on. Raises UserError if there is none."""
    return open_tagging_corpus(data, stream=needs_streaming(data)).require_split(split)


def open_gold_tag_file(data: Mapping[str, Any], path: str, trained: FileLayout | None) -> Dataset:
    """Open a file of tagged sentences, read like the training data of a tagger.

    Args:
        data: the group `data` of the training configuration.
        path: the file.
        trained: the layout of the training file; None if it is not known.
    """
    if data["name"] in _FRAME_DATASETS:
        try:
            format = detect_format(path)
        except DataError:  # not a format with frames
            return open_tag_file(path, FileLayout())
        return _pos_as_tags(data["name"], path, srl.open_srl_file(path, None, FileLayout(format=format)))
    return open_tag_file(path, gold_layout(data, path, trained))


def gold_layout(data: Mapping[str, Any], path: str, trained: FileLayout | None) -> FileLayout:
    """Return what is known of the layout of a file before it is opened for a trained tagger; see `open_gold_tag_file`.

    Names of columns and keys count for files of the kind of the training file only.
    """
    if trained is None:
        return _DATASETS.requested_layout(data) if data["name"] == "files" else FileLayout()
    same_kind = (json_format(path, trained.encoding) is not None) == (trained.format in JSON_FORMATS)
    return FileLayout(encoding=trained.encoding, columns=trained.columns if same_kind else {}, tags=trained.tags)


def open_tag_file(path: str, requested: FileLayout) -> Dataset:
    """Open one file of tagged sentences. requested: as for `detect_tag_layout`."""
    layout = detect_tag_layout(path, requested)
    record_layout(path, layout)
    path = str(Path(path).resolve())
    return cached_dataset(partial(_read_file, path, layout), TAGGED_FEATURES, [path])


def _open_splits(data: Mapping[str, Any], stream: bool) -> Splits:
    name = data["name"]
    if name not in _FRAME_DATASETS:
        return _DATASETS.open(data, stream)
    splits = srl.open_srl_splits({**data, "name": "files" if name == "srl-files" else name})
    return {split: _pos_as_tags(name, split, examples) for split, examples in splits.items()}


def _pos_as_tags(name: str, split: str, examples: Dataset) -> Dataset:
    """Convert a corpus of frames to one with the parts of speech as tags."""
    if not all(map(any, examples["pos"])):
        details = f"{split}: a sentence has no parts of speech, which recipe=tag would learn"
        raise UserError(f"data={name} has no tags", details, f"Type {_USER_FILES_EXAMPLE}")
    return examples.remove_columns("frames").rename_column("pos", "tags")


def _open_wnut() -> Splits:
    expected = "train, dev and test.conll.gz, a token and its tag a line"
    folder = locate_dataset("wnut17", "wnut17", expected, "github.com/leondz/emerging_entities_17", _USER_FILES_EXAMPLE)
    return {split: open_tag_file(str(folder / f"{split}.conll.gz"), FileLayout()) for split in SPLITS}


def _read_file(path: str, layout: FileLayout) -> Iterator[TaggedSentence]:
    yield from read_tagged(path, layout)


def _read_hub(
    name: str, split: str, config: str | None, shard: ShardRef | None, words: str, tags: str
) -> Iterator[TaggedSentence]:
    """Read a whole split with span tags converted to IOB2, or a shard with its original tags."""
    sentences = read_hub_tagged(name, split, config, shard, words, tags)
    yield from sentences if shard is not None else convert_to_iob2(name, list(sentences))


_DATASETS = TaskDatasets(
    open_file=open_tag_file,
    detect_layout=detect_tag_layout,
    read_file=iter_tagged,
    file_columns={"words": "words", "tags": "tags"},
    read_hub=_read_hub,
    hub_features=TAGGED_FEATURES,
    hub_columns=("words", "tags"),
    named={"wnut17": _open_wnut},
)
