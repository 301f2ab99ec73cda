"""Corpora whose words have tags."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from datasets import Dataset, Features, List, Value, disable_progress_bars

from grunlp.data.datasets import srl
from grunlp.data.datasets.arrow_cache import cached_dataset, file_fingerprints, require_options
from grunlp.data.datasets.corpus import SPLITS, Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.cross_validation import select_fold, split_options
from grunlp.data.datasets.public import locate_dataset
from grunlp.data.datasets.streaming import StreamingDataset, is_glob, open_hub_dataset, stream_files
from grunlp.data.examples import TaggedSentence
from grunlp.data.readers import detect_format
from grunlp.data.readers.hub import ShardRef, read_hub_tagged
from grunlp.data.tag_schemes import detect_scheme, require_same_tag_type
from grunlp.tasks.tagging.reader import convert_to_iob2, iter_tagged, read_tagged, require_iob2
from grunlp.utils.errors import DataError, UserError

TAGGED_FEATURES = Features(
    {name: srl.FEATURES[name] for name in ("id", "document", "words")} | {"tags": List(Value("string"))}
)


_NUM_PROBED = 1000  # sentences of a stream that show of which kind its tags are


def open_tagging_corpus(data: Mapping[str, Any], stream: bool = False) -> Corpus:
    """Open the corpus that a config of the group `data` describes, with a tag a word.

    Args:
        data: the keys of `configs/data/<name>.yaml`. Of a corpus with frames, the parts of speech are the tags.
        stream: the training split is to be a `StreamingDataset`, of files of tags and the hub. Its tags are taken to be
            of the
            kind of those of dev, which its first sentences must bear out.

    Raises:
        UserError: a file or split is missing or broken, or has no tags.
    """
    disable_progress_bars()
    options, folds = split_options(data)
    name = options.pop("name")
    splits: dict[str, Any]
    if name in _OPENERS:
        splits = (partial(_OPENERS[name], stream=True) if stream else _OPENERS[name])(**options)
    else:
        splits = {split: _pos_as_tags(name, split, part) for split, part in srl.open_srl_splits(name, options).items()}
    splits = select_fold(splits, folds, srl.document_ids)
    train, dev, test = splits["train"], splits["dev"], splits.get("test")
    train, left_out = remove_overlap(name, train, dedup_keys(dev, test))
    corpus = Corpus(name, train, dev, test, None, left_out)
    known = list(islice(train["tags"], _NUM_PROBED if stream else None))
    if not known:
        there = f"{corpus.num_removed} were left out because they occur in dev or test"
        raise UserError(f"{name}: no sentence in the train split", there, "Give other files.")
    for split, part in (("dev", dev), ("test", test)):
        if part is not None:
            require_same_tag_type(f"{name}: the {split} split", part["tags"], "the training data", known)
    return corpus


def open_tagging_split(data: Mapping[str, Any], split: str) -> Any:
    """Open one split of the corpus that a tagger was trained on. Raises UserError where there is none."""
    return open_tagging_corpus(data, stream=is_glob(data)).require_split(split)


def _pos_as_tags(name: str, split: str, examples: Dataset) -> Dataset:
    """A corpus of frames with its parts of speech as tags."""
    if not all(map(any, examples["pos"])):
        there = f"{split}: some sentence has no parts of speech, which recipe=tag would learn"
        raise UserError(f"data={name} has no tags", there, "Type data=files data.train=FILE data.dev=FILE")
    return examples.remove_columns("frames").rename_column("pos", "tags")


def open_gold_tag_file(data: Mapping[str, Any], path: str) -> Dataset:
    """A file of tagged sentences for the tagger that was trained on `data`, read as that was."""
    name = data["name"]
    if name not in _OPENERS:
        try:
            format = detect_format(path)
        except DataError:  # no format of frames
            return open_tag_file(path, None, None)
        return _pos_as_tags(name, path, srl.open_srl_file(path, None, format))
    words, tags = (data["words"], data["tags"]) if name == "files" else (None, None)
    return open_tag_file(path, words, tags)


def open_tag_file(path: str, words: str | None, tags: str | None) -> Dataset:
    """One file of tagged sentences. Arguments as `read_tagged` takes them."""
    return cached_dataset(
        _read_tagged,
        TAGGED_FEATURES,
        path=str(Path(path).resolve()),
        words=words,
        tags=tags,
        stamps=file_fingerprints(path),
    )


def _open_tag_files(
    train: str | None, dev: str | None, test: str | None, words: str | None, tags: str | None, stream: bool = False
) -> dict[str, Any]:
    require_options("a training needs data.train and data.dev", "FILE", train=train)
    files = {split: path for split, path in zip(SPLITS, (train, dev, test), strict=True) if path}
    splits: dict[str, Any] = {
        split: open_tag_file(path, words, tags) for split, path in files.items() if not (stream and split == "train")
    }
    if stream and "dev" in splits:
        spans = _has_span_tags(splits["dev"])
        splits["train"] = stream_files(_stream_tagged, files["train"], {}, words=words, tags=tags, spans=spans)
    return splits


def _has_span_tags(examples: Dataset) -> bool:
    return detect_scheme(examples["tags"]) is not None


def _open_tagged_hub(
    path: str | None,
    config: str | None,
    words: str | None,
    tags: str | None,
    predicate: str | None,
    train: str,
    dev: str,
    test: str | None,
    stream: bool = False,
) -> dict[str, Any]:
    if predicate is not None:
        raise UserError("data.predicate with recipe=tag", "a tagger knows no predicates", "Leave it out.")
    require_options(
        "a hub data set needs data.path, data.words and data.tags", "NAME", path=path, words=words, tags=tags
    )
    splits = {"train": train, "dev": dev, "test": test}
    found = open_hub_dataset(
        _read_tagged_hub, TAGGED_FEATURES, path, splits, stream, words=words, tags=tags, config=config
    )
    if isinstance(found["train"], StreamingDataset):
        found["train"] = found["train"].with_reader(_stream_tagged_hub, spans=_has_span_tags(found["dev"]))
    return found


def _open_wnut() -> dict[str, Dataset]:
    inside = "train, dev and test.conll.gz, a token and its tag a line"
    own = "data=files data.train=FILE data.dev=FILE"
    folder = locate_dataset("wnut17", "wnut17", inside, "github.com/leondz/emerging_entities_17", own)
    return {split: open_tag_file(str(folder / f"{split}.conll.gz"), None, None) for split in SPLITS}


def _read_tagged(path: str, words: str | None, tags: str | None, stamps: str, code: str) -> Iterator[TaggedSentence]:
    yield from read_tagged(path, words, tags)


def _stream_tagged(
    path: str, words: str | None, tags: str | None, spans: bool, stamps: str, code: str
) -> Iterator[TaggedSentence]:
    rows = iter_tagged(path, words, tags)
    return require_iob2(path, rows) if spans else rows


def _read_tagged_hub(
    name: str, split: str, words: str, tags: str, config: str | None, part: ShardRef, code: str
) -> Iterator[TaggedSentence]:
    yield from convert_to_iob2(name, list(read_hub_tagged(name, split, words, tags, config, part)))


def _stream_tagged_hub(
    name: str, split: str, words: str, tags: str, config: str | None, part: ShardRef, spans: bool, code: str
) -> Iterator[TaggedSentence]:
    rows = read_hub_tagged(name, split, words, tags, config, part)
    return require_iob2(name, rows) if spans else rows


_OPENERS: dict[str, Callable[..., dict[str, Dataset]]] = {
    "files": _open_tag_files,
    "hub": _open_tagged_hub,
    "wnut17": _open_wnut,
}
