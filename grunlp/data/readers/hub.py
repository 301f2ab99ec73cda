"""Data sets of the Hugging Face hub, and local Parquet and JSON files, by `datasets.load_dataset`.

One predicate a row: a column of tokens, a column of BIO tags (strings or ClassLabel ids), and if there is one a column
with the predicate's place, as an index from 0 or as one 0/1 mark a token. Consecutive rows of the same tokens become
one example. Rows are streamed: nothing is copied to a cache.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from grunlp.data.examples import SRLExample, TaggedSentence
from grunlp.data.pair import ParallelExample
from grunlp.data.readers.merge_frames import frame_from_tags, merge_frames_of_same_sentence
from grunlp.utils.errors import DataError, closest_match

if TYPE_CHECKING:
    from datasets import IterableDataset

ShardRef = tuple[int, int] | None  # one of so many parts of a split, counted from 0; None: all of it

_LOADERS = {".parquet": "parquet", ".json": "json", ".jsonl": "json"}


def read_hub(
    name_or_path: str,
    split: str,
    words: str,
    tags: str,
    predicate: str | None = None,
    config: str | None = None,
    shard: ShardRef = None,
) -> Iterator[SRLExample]:
    """Examples of one split.

    Args:
        name_or_path: a name on the hub, or a local Parquet or JSON file, or a folder of them (`train.parquet`, ...).
        split: its split; a single file has only the one asked for.
        words, tags: the columns of tokens and of tags, one of each a token.
        predicate: the column of the predicate's place; by default it is where the tag is B-V.
        config: the configuration of a hub data set that has several.
        shard: of the split, its files mostly; consecutive rows are joined within it. See `num_shards`.

    Raises:
        DataError: the data set, split or a column does not exist, or a row is faulty; its line is the row, from 1.
    """
    rows = _load_shard(name_or_path, split, config, shard)
    columns = [words, tags, predicate] if predicate else [words, tags]
    return (
        example
        for _, example in merge_frames_of_same_sentence(_numbered_examples(rows, f"{name_or_path} [{split}]", columns))
    )


def read_hub_tagged(
    name: str, split: str, words: str, tags: str, config: str | None, shard: ShardRef = None
) -> Iterator[TaggedSentence]:
    """Tagged sentences of one split, a row each, with tags as they are written there. Arguments and errors as above."""
    rows = _load_shard(name, split, config, shard)
    source = f"{name} [{split}]"
    classes = getattr(getattr((rows.features or {}).get(tags), "feature", None), "names", [])
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            for column in (words, tags):
                _require_column(source, column, row)
            ones, others = row[words], _tag_names(row[tags], classes)
            if not isinstance(ones, list) or not all(isinstance(one, str) and one for one in ones):
                raise ValueError("words are no list of strings")
            if len(ones) != len(others):
                raise ValueError(f"{len(ones)} words, but {len(others)} tags")
            if ones:
                yield TaggedSentence(id=str(number), document="", words=ones, tags=others)
    except (OSError, ValueError) as error:
        expected = f"expected a sentence a row, with {words} and {tags}"
        raise DataError(source, max(number, 1), str(error), expected, "mend the row, or name other columns") from error
    if not number:
        raise DataError(source, None, "holds no row", "expected at least one", "check the split")


def read_hub_pairs(
    name: str, split: str, source: str, target: str, config: str | None, shard: ShardRef = None
) -> Iterator[ParallelExample]:
    """Pairs of texts of one split, a row each.

    Args:
        name, split, config: as above.
        source, target: columns; of one that holds objects, "translation.de" is the part de of the column translation.

    Raises:
        DataError: as above.
    """
    for number, (one, other) in _numbered_texts(name, split, (source, target), config, shard):
        yield ParallelExample(id=str(number), source=one, target=other, references=[])


def read_hub_lines(name: str, split: str, text: str, config: str | None) -> Iterator[str]:
    """Lines of running text of one split. text: the column. Other arguments and errors as above."""
    for _, (one,) in _numbered_texts(name, split, (text,), config, None):
        yield from one.removesuffix("\n").split("\n")


def read_hub_classes(
    name: str, split: str, text: str, label: str, config: str | None, shard: ShardRef = None
) -> Iterator[tuple[str, str]]:
    """Texts and classes of one split. text, label: the columns. Other arguments and errors as above."""
    where = f"{name} [{split}]"
    rows, number = _load_shard(name, split, config, shard), 0
    names = getattr((rows.features or {}).get(label), "names", None)  # of a ClassLabel
    try:
        for row in rows:
            number += 1
            for column in (text, label):
                _require_column(where, column, row)
            found = row[label]
            if names is not None and isinstance(found, int):  # -1 stands for none
                found = names[found] if 0 <= found < len(names) else ""
            if not isinstance(row[text], str) or not isinstance(found, str | int) or found == "":
                raise ValueError(f"got {type(row[text]).__name__} and {found!r}")
            yield row[text], str(found)
    except (OSError, ValueError) as error:
        expected = f"expected a text in {text} and a class in {label}"
        raise DataError(where, max(number, 1), str(error), expected, "mend the row, or name other columns") from error
    if not number:
        raise DataError(where, None, "holds no row", "expected at least one", "check the split")


def _numbered_texts(
    name: str, split: str, columns: Sequence[str], config: str | None, shard: ShardRef
) -> Iterator[tuple[int, list[str]]]:
    """Row number and texts of each row."""
    where = f"{name} [{split}]"
    number = 0
    try:
        for number, row in enumerate(_load_shard(name, split, config, shard), start=1):
            texts = []
            for column in columns:
                outer, _, inner = column.partition(".")
                _require_column(where, outer, row)
                text = row[outer].get(inner) if inner and isinstance(row[outer], dict) else row[outer]
                if not isinstance(text, str):
                    raise ValueError(f"{column} is no text")
                texts.append(text)
            yield number, texts
    except (OSError, ValueError) as error:
        expected = f"expected a text a row in {' and '.join(columns)}"
        raise DataError(where, max(number, 1), str(error), expected, "mend the row, or name other columns") from error
    if not number:
        raise DataError(where, None, "holds no row", "expected at least one", "check the split")


def _numbered_examples(rows: "IterableDataset", source: str, columns: list[str]) -> Iterator[tuple[int, SRLExample]]:
    """Row number and example of each row; `columns` are those of words, tags and, if there is one, predicate."""
    names = getattr(getattr((rows.features or {}).get(columns[1]), "feature", None), "names", [])
    number = 0
    try:
        for number, row in enumerate(rows, start=1):
            for column in columns:
                _require_column(source, column, row)
            words, tags, *places = (row[column] for column in columns)
            yield number, _example(words, _tag_names(tags, names), *places)
    except (OSError, ValueError) as error:  # ValueError: also what pyarrow raises for a damaged file
        expected = f"expected a row a predicate, with {' and '.join(columns)}"
        raise DataError(source, max(number, 1), str(error), expected, "mend the row, or name other columns") from error
    if not number:
        raise DataError(source, None, "holds no row", "expected at least one", "check the split")


def num_shards(name: str, split: str, config: str | None) -> int:
    """Of how many parts a split is, each of which can be read for itself. Errors as above."""
    count: int = _load_shard(name, split, config, None).num_shards
    return count


def _load_shard(name_or_path: str, split: str, config: str | None, shard: ShardRef) -> "IterableDataset":
    rows = _load_split(name_or_path, split, config)
    return rows if shard is None else rows.shard(num_shards=shard[1], index=shard[0])


def _load_split(name_or_path: str, split: str, config: str | None) -> "IterableDataset":
    from datasets import load_dataset  # takes seconds: never at the top of a module

    path = Path(name_or_path)
    loader = next((_LOADERS[suffix] for suffix in path.suffixes if suffix in _LOADERS), None)  # also of x.json.gz
    try:
        if loader and path.is_file():
            return load_dataset(loader, data_files={split: str(path)}, split=split, streaming=True)
        return load_dataset(name_or_path, config, split=split, streaming=True)
    except (OSError, ValueError) as error:
        to_type = "check name, split and network; a data set of one's own is a Parquet or JSON file or folder"
        raise DataError(name_or_path, None, f"split {split!r} cannot be loaded", str(error), to_type) from error


def _require_column(source: str, column: str, row: dict[str, Any]) -> None:
    if column not in row:
        near = closest_match(column, row)
        to_type = f"did you mean {near}?" if near else "name one of these columns"
        raise DataError(source, None, f"no column {column!r}", f"columns: {', '.join(row)}", to_type)


def _tag_names(tags: Any, names: list[str]) -> list[str]:
    """Tags as strings; ClassLabel ids by the names of their column."""
    if not isinstance(tags, list) or not all(isinstance(tag, str | int) for tag in tags):
        raise ValueError("tags are no list of strings or ClassLabel ids")
    numbers = [tag for tag in tags if isinstance(tag, int)]
    if any(not 0 <= number < len(names) for number in numbers):
        raise ValueError(f"tag {numbers[0]} is a number, but its column names {len(names)} classes")
    return [tag if isinstance(tag, str) else names[tag] for tag in tags]


def _example(words: Any, tags: list[str], row_id: Any = None) -> SRLExample:
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise ValueError("words are no list of strings")
    index = row_id
    if isinstance(row_id, list):
        index = row_id.index(1) if 1 in row_id else None
    if index is not None and not isinstance(index, int):
        raise ValueError(f"predicate {row_id!r} is neither an index nor a list of 0 and 1")
    frame = frame_from_tags(tags, len(words), index)
    return SRLExample(id="", document="", words=words, pos=[], frames=[frame] if frame else [])
