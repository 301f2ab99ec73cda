"""Data sets of the Hugging Face hub, and local Parquet and JSON files, read by `datasets.load_dataset`.

Rows are streamed; nothing is copied to a cache. All readers take

    name: a name on the hub, or a local Parquet or JSON file, or a folder of them (`train.parquet`, ...).
    split: the name of a split; a single file is taken as the split that is requested.
    config: the configuration of a hub data set that has several.
    shard: the index of the shard to read, see `num_shards`; None: all shards.

and the names of columns; "translation.de" is the field `de` of the objects in the column `translation`. They raise
DataError, with the row number (from 1) as the line, if the data set, the split or a column does not exist or a row is
malformed.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from grunlp.data.examples import LabeledText, ParallelExample, SRLExample, TaggedSentence
from grunlp.data.readers.merge_frames import frame_from_tags, merge_frames_of_same_sentence
from grunlp.data.word_tokenizer import tokenize
from grunlp.utils.errors import DataError, closest_match

if TYPE_CHECKING:
    from datasets import IterableDataset

ShardRef = tuple[int, int]  # index and number of shards

T = TypeVar("T")

_LOADERS = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}


def read_hub_frames(
    name: str, split: str, config: str | None, shard: ShardRef | None, words: str, tags: str, predicate: str | None
) -> Iterator[SRLExample]:
    """Read sentences with frames, one predicate in each row; consecutive rows with equal words become one example.

    The column `words` has the tokens, `tags` their BIO tags, strings or ClassLabel ids. The column `predicate` has the
    position of the predicate, as an index from 0 or a 0/1 mark for each token; without it, the predicate is the token
    tagged B-V.
    """
    rows = _load_shard(name, split, config, shard)
    names = _class_names(rows, tags)

    def parse(words: Any, tags: Any, predicate: Any = None) -> SRLExample:
        return _srl_example(words, _tag_strings(tags, names), predicate)

    columns = [words, tags, predicate] if predicate else [words, tags]
    expected = f"expected a predicate in each row, with {' and '.join(columns)}"
    examples = _parse_rows(rows, f"{name} [{split}]", columns, parse, expected)
    return (example for _, example in merge_frames_of_same_sentence(examples))


def read_hub_tagged(
    name: str, split: str, config: str | None, shard: ShardRef | None, words: str, tags: str
) -> Iterator[TaggedSentence]:
    """Read tagged sentences, one in each row, with tags in any scheme.

    The column `words` has the tokens, `tags` their tags, as strings or ClassLabel ids.
    """
    rows = _load_shard(name, split, config, shard)
    names = _class_names(rows, tags)

    def parse(words: Any, tags: Any) -> tuple[list[str], list[str]]:
        tags = _tag_strings(tags, names)
        _require_words(words)
        if len(words) != len(tags):
            raise ValueError(f"{len(words)} words, but {len(tags)} tags")
        return words, tags

    expected = f"expected a sentence in each row, with {words} and {tags}"
    for number, (tokens, labels) in _parse_rows(rows, f"{name} [{split}]", [words, tags], parse, expected):
        if tokens:
            yield TaggedSentence(id=str(number), document="", words=tokens, tags=labels)


def read_hub_pairs(
    name: str, split: str, config: str | None, shard: ShardRef | None, source: str, target: str
) -> Iterator[ParallelExample]:
    """Read pairs of texts, one in each row."""
    for number, (source_text, target_text) in _read_texts(name, split, config, shard, [source, target]):
        yield ParallelExample(id=str(number), source=source_text, target=target_text, references=[])


def read_hub_lines(
    name: str, split: str, config: str | None, shard: ShardRef | None, text: str
) -> Iterator[dict[str, str]]:
    """Read lines of running text, `{"text": line}`."""
    for _, (lines,) in _read_texts(name, split, config, shard, [text]):
        yield from ({"text": line} for line in lines.removesuffix("\n").split("\n"))


def read_hub_classes(
    name: str, split: str, config: str | None, shard: ShardRef | None, text: str, label: str
) -> Iterator[LabeledText]:
    """Read texts, each with a class, and tokenize them.

    The column `label` has a string, a number or a ClassLabel id.
    """
    rows = _load_shard(name, split, config, shard)
    names = getattr((rows.features or {}).get(label), "names", None)

    def parse(text: Any, label: Any) -> tuple[str, str]:
        if names is not None and isinstance(label, int):  # -1 means that the class is not known
            label = names[label] if 0 <= label < len(names) else ""
        if not isinstance(text, str) or not isinstance(label, str | int) or label == "":
            raise ValueError(f"got {type(text).__name__} and {label!r}")
        return text, str(label)

    expected = f"expected a text in {text} and a class in {label}"
    for number, (sentence, name_of_class) in _parse_rows(rows, f"{name} [{split}]", [text, label], parse, expected):
        words = [token.word for token in tokenize(sentence)]
        yield LabeledText(id=str(number), document="", words=words, label=name_of_class)


def num_shards(name: str, split: str, config: str | None) -> int:
    """Return the number of shards of a split, usually files, that can be read independently."""
    count: int = _load_split(name, split, config).num_shards
    return count


def _read_texts(
    name: str, split: str, config: str | None, shard: ShardRef | None, columns: Sequence[str]
) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield the number of each row and the texts in its `columns`."""

    def parse(*texts: Any) -> tuple[str, ...]:
        for column, text in zip(columns, texts, strict=True):
            if not isinstance(text, str):
                raise ValueError(f"{column} is not a text")
        return texts

    rows = _load_shard(name, split, config, shard)
    return _parse_rows(rows, f"{name} [{split}]", columns, parse, f"expected texts in {' and '.join(columns)}")


def _parse_rows(
    rows: "IterableDataset", source: str, columns: Sequence[str], parse: Callable[..., T], expected: str
) -> Iterator[tuple[int, T]]:
    """Yield the number of each row, from 1, and the result of `parse` for its values in `columns`.

    Args:
        rows: the data set.
        source: its name, for messages.
        columns: the columns with the arguments of `parse`.
        parse: raises ValueError for a malformed row.
        expected: describes a row, for messages.
    """
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            yield number, parse(*(_value(source, column, row) for column in columns))
    except (OSError, ValueError) as error:  # pyarrow raises ValueError for a damaged file
        hint = "correct the row, or name other columns"
        raise DataError(source, max(number, 1), str(error), expected, hint) from error
    if not number:
        raise DataError(source, None, "has no rows", "expected at least one", "check the split")


def _value(source: str, column: str, row: dict[str, Any]) -> Any:
    if column in row:
        return row[column]
    outer, _, inner = column.partition(".")
    if inner and isinstance(row.get(outer), dict):
        return row[outer].get(inner)
    match = closest_match(outer, row)
    hint = f"did you mean {match}?" if match else "name one of these columns"
    raise DataError(source, None, f"no column {outer!r}", f"columns: {', '.join(row)}", hint)


def _load_shard(name: str, split: str, config: str | None, shard: ShardRef | None) -> "IterableDataset":
    rows = _load_split(name, split, config)
    return rows if shard is None else rows.shard(num_shards=shard[1], index=shard[0])


def _load_split(name: str, split: str, config: str | None) -> "IterableDataset":
    from datasets import load_dataset  # takes seconds: never at the top of a module

    path = Path(name)
    loader = next((_LOADERS[suffix] for suffix in path.suffixes if suffix in _LOADERS), None)  # also for x.json.gz
    try:
        if loader and path.is_file():
            return load_dataset(loader, data_files={split: str(path)}, split=split, streaming=True)
        return load_dataset(name, config, split=split, streaming=True)
    except (OSError, ValueError) as error:
        hint = "check name, split and network; a data set of your own is a Parquet or JSON file or folder"
        raise DataError(name, None, f"split {split!r} cannot be loaded", str(error), hint) from error


def _class_names(rows: "IterableDataset", column: str) -> list[str]:
    """Return the class names of a column of lists of ClassLabel ids; none for other columns."""
    names: list[str] = getattr(getattr((rows.features or {}).get(column), "feature", None), "names", [])
    return names


def _tag_strings(tags: Any, names: list[str]) -> list[str]:
    """Return tags as strings; ClassLabel ids are replaced by the class names of their column."""
    if not isinstance(tags, list) or not all(isinstance(tag, str | int) for tag in tags):
        raise ValueError("tags are not a list of strings or ClassLabel ids")
    ids = [tag for tag in tags if isinstance(tag, int)]
    if any(not 0 <= id < len(names) for id in ids):
        raise ValueError(f"tag {ids[0]} is a number, but its column names {len(names)} classes")
    return [tag if isinstance(tag, str) else names[tag] for tag in tags]


def _require_words(words: Any) -> None:
    if not isinstance(words, list) or not all(isinstance(word, str) and word for word in words):
        raise ValueError("words are not a list of non-empty strings")


def _srl_example(words: Any, tags: list[str], predicate: Any) -> SRLExample:
    _require_words(words)
    if not words:
        raise ValueError("the list of words is empty")
    index = predicate
    if isinstance(predicate, list):
        index = predicate.index(1) if 1 in predicate else None
    if index is not None and not isinstance(index, int):
        raise ValueError(f"predicate {predicate!r} is neither an index nor a list of 0 and 1")
    frame = frame_from_tags(tags, len(words), index)
    return SRLExample(id="", document="", words=words, pos=[], frames=[frame] if frame else [])
