"""Reader of sentences with one tag for each word, from columns, CoNLL-U or JSON.

* Columns: one token on each line and a blank line between sentences, as in CoNLL-2000, CoNLL-2003 and WNUT-17. Cells
  are separated by tabs if the first row has one, otherwise by spaces. `-DOCSTART-` begins a document. A column is given
  by its number from 0 (-1 is the last) or by its name, which is then in the first row or in `# global.columns`.
* CoNLL-U: the same with the names of its ten columns; multi-word tokens (3-4) and empty nodes (3.1) are left out.
* JSON objects, one on each line or in an array: each is a sentence; the keys take the place of columns.

Span tags may be in any scheme and spelling of `grunlp.data.tag_schemes`; they are converted to IOB2.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.examples import TaggedSentence
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.column_format import split_whitespace
from grunlp.data.readers.json_records import JSON_FORMATS, json_format, read_records
from grunlp.data.readers.text_lines import Line, open_lines
from grunlp.data.tag_schemes import (
    SPELLINGS,
    detect_scheme,
    detect_spelling,
    find_untagged_scheme_tag,
    spans_of_bare_tags,
    to_iob2,
    to_standard_spelling,
)
from grunlp.data.tags import OUTSIDE
from grunlp.utils.errors import DataError, closest_match

IO_SCHEME = "io"
"""The scheme of bare tags whose neighbours with the same tag are one span; it cannot be detected."""

_CONLLU_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_WORD_NAMES = frozenset(("word", "words", "token", "tokens", "form", "text"))
_TAG_NAMES = frozenset(
    (
        "tag",
        "tags",
        "ner",
        "ner_tag",
        "ner_tags",
        "pos",
        "pos_tag",
        "upos",
        "xpos",
        "label",
        "labels",
        "entity",
        "chunk",
    )
)
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_KEY_COMMENT = re.compile(r"#\s+\S+\s+=")
_NUMBER = re.compile(r"-?\d{1,4}")
_DOCSTART = "-DOCSTART-"
_CHECK_TAGS_HINT = "correct it, or check the columns data.words and data.tags"
_NUM_PROBED = 1000  # sentences by which the spelling of tags is detected


def detect_tag_layout(path: str | Path, requested: FileLayout) -> FileLayout:
    """Detect how a file is read.

    Args:
        path: plain, gz or xz.
        requested: the parts that are known. Its columns are `words`, by number or name, or a key of JSON; None: the
            first column, FORM of CoNLL-U, `words` or `tokens` of JSON; and `tags`; None: the last column, UPOS of
            CoNLL-U, `tags` or a key that ends in `_tags` of JSON. Its tags may be IO_SCHEME.

    Raises:
        DataError: the file, its format or a column is wrong.
    """
    path, encoding = Path(path), requested.encoding or "utf-8"
    words, tags = requested.column("words"), requested.column("tags")
    format = json_format(path, encoding)
    if format is not None:
        keys = _json_keys(path, format, encoding, words, tags)
        layout = FileLayout(format=format, encoding=encoding, columns=keys)
    else:
        detected = _detect_layout(path, words, tags, encoding)
        layout = FileLayout(
            format="conllu" if detected.conllu else "columns",
            encoding=encoding,
            separator="tab" if detected.tabs else "blank",
            header=detected.header > 0,
            width=detected.width,
            columns={"words": detected.reference(detected.words), "tags": detected.reference(detected.tags)},
        )
    if requested.tags == IO_SCHEME:
        return replace(layout, tags=IO_SCHEME)
    probed = [example["tags"] for example in islice(_iter_as_written(path, layout), _NUM_PROBED)]
    different = set(chain.from_iterable(probed))
    spelling = detect_spelling(different)
    if spelling is None and OUTSIDE in different and len(different) > 1 and _are_bare(different):
        guess = "each tag labels one word and is scored by itself; data.tag_scheme=io reads equal neighbours as a span"
        return replace(layout, guesses=(guess,))
    if spelling is None:
        return layout
    scheme = detect_scheme([to_standard_spelling(tag, spelling) for tag in tags] for tags in probed)
    layout = replace(layout, scheme=scheme if scheme != "iob2" else None)
    if spelling == SPELLINGS[0] and not different & {"0", "o"}:
        return layout
    guesses = ("the tag 0 is the letter O",) if "0" in different else ()
    return replace(layout, tags=spelling, guesses=guesses)


def layout_for_prediction(path: str | Path, trained: FileLayout | None, known: Collection[str]) -> FileLayout | None:
    """Detect how a file of words is read for a trained tagger; None if it does not look like the training file.

    Args:
        path: the file, which may lack the column of the tags.
        trained: the layout of the training file; None if it is not known.
        known: tags of the model.
    """
    if trained is None or trained.format not in (*JSON_FORMATS, "columns", "conllu"):
        return None
    path, words = Path(path), trained.column("words")
    format = json_format(path, trained.encoding)
    if format is not None:
        record = next(read_records(path, format, trained.encoding), (0, {}))[1]
        is_list = isinstance(record.get(str(words)), list) and "frames" not in record
        return replace(trained, format=format, columns={"words": words}) if is_list else None
    if trained.format in JSON_FORMATS:
        return None
    layout = replace(trained, columns={"words": words}, guesses=())
    blocks = _sample_blocks(path, trained)
    widths = {len(cells) for block in blocks for cells in block}
    if len(widths) != 1:
        return None
    (width,) = widths
    if trained.format == "conllu" or trained.separator == "tab":
        return layout if width == trained.width or (width > 1 and len(blocks) > 1) else None
    rows = [cells for block in blocks for cells in block]
    if width == trained.width:
        labels = {str(tag).partition("-")[2] or str(tag) for tag in known}
        column = trained.column("tags")
        index = int(column) if column is not None and _NUMBER.fullmatch(column) else -1
        fitting = sum(cells[index] in (OUTSIDE, "_") or any(x in cells[index] for x in labels) for cells in rows)
        if 2 * fitting >= len(rows):
            return layout
    is_column = len(blocks) > 1 and len(rows) > len(blocks) and width <= (trained.width or 0)
    guess = "each line is a word, and a blank line ends a sentence; format=raw reads each line as text"
    return replace(layout, width=width, guesses=(guess,)) if is_column else None


def _sample_blocks(path: Path, layout: FileLayout) -> list[list[list[str]]]:
    """Return the cells of the first sentences of a file of columns, comments and the header left out."""
    blocks: list[list[list[str]]] = [[]]
    first, names = True, {str(name).lower() for name in layout.columns.values()}
    for line in islice(open_lines(path, encoding=layout.encoding), _NUM_PROBED):
        cells = line.text.split("\t") if layout.separator == "tab" else split_whitespace(line.text)
        if not line.text.strip():
            blocks.append([])
        elif not line.text.startswith(("#", _DOCSTART)):
            if not (first and layout.header and names & {cell.lower() for cell in cells}):
                blocks[-1].append(cells)
            first = False
    return [block for block in blocks if block]


def is_tagged_file(path: str | Path) -> bool:
    """Return whether a file has tagged words, in columns with a few different tags, or as JSON."""
    try:
        layout = detect_tag_layout(path, FileLayout())
        sentences = list(islice(_iter_as_written(Path(path), layout), _NUM_PROBED))
    except DataError:
        return False
    return layout.format in JSON_FORMATS or any(len(sentence["words"]) > 1 for sentence in sentences)


def read_tagged(path: str | Path, layout: FileLayout) -> list[TaggedSentence]:
    """Read the sentences of a file; span tags are converted to IOB2.

    Args:
        path: plain, gz or xz.
        layout: what `detect_tag_layout` returned.

    Raises:
        DataError: the file, its format, a row or a column is wrong.
    """
    return convert_to_iob2(str(path), list(iter_tagged(path, layout)))


def iter_tagged(path: str | Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    """Read the sentences of a file one at a time, with tags in the spelling of IOB2 and in the scheme of the file.

    Arguments and errors as for `read_tagged`.
    """
    path, example, spelling = Path(path), None, layout.tags
    for example in _iter_as_written(path, layout):
        if spelling == IO_SCHEME:
            example["tags"] = spans_of_bare_tags(example["tags"])
        elif spelling is not None:
            example["tags"] = [to_standard_spelling(tag, spelling) for tag in example["tags"]]
        yield example
    if example is None:
        raise DataError(path, None, "has no sentences", "expected at least one", "check how it was made")


def read_words(path: str | Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    """Read the words of sentences whose tags may be missing; the tags have no effect."""
    return _iter_as_written(Path(path), replace(layout, columns={"words": layout.column("words")}))


def _are_bare(tags: Collection[str]) -> bool:
    """Return whether tags look like labels of spans without a prefix: few, in capitals, of three letters at least."""
    labels = [tag for tag in tags if tag != OUTSIDE]
    return len(labels) <= 20 and all(re.fullmatch(r"[A-Za-z]{3,}([-_][A-Za-z]+)*", tag) for tag in labels)


def _iter_as_written(path: Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    return _read_json(path, layout) if layout.format in JSON_FORMATS else _read_columns(path, layout)


def sentence_to_iob2(source: str, example: TaggedSentence) -> TaggedSentence:
    """Convert the span tags of a sentence to IOB2. Raises DataError for plain tags. `source` is the data set."""
    try:
        return {**example, "tags": to_iob2(example["tags"])}
    except ValueError as error:
        raise DataError(source, None, f"sentence {example['id']}: {error}", "", _CHECK_TAGS_HINT) from None


def convert_to_iob2(source: str, examples: list[TaggedSentence]) -> list[TaggedSentence]:
    """Convert span tags to IOB2; plain tags do not change.

    Raises:
        DataError: there are plain tags among span tags.
    """
    odd = find_untagged_scheme_tag(example["tags"] for example in examples)
    if odd is not None:
        number, example = next((n, e) for n, e in enumerate(examples, start=1) if odd in e["tags"])
        word = example["words"][example["tags"].index(odd)]
        details = "the others are O, or a label after B-, I-, E- or S-"
        raise DataError(source, None, f"sentence {number}: {word!r} has the tag {odd!r}", details, _CHECK_TAGS_HINT)
    if detect_scheme(example["tags"] for example in examples) is not None:
        for example in examples:
            example["tags"] = to_iob2(example["tags"])
    return examples


class _ColumnLayout(NamedTuple):
    """Layout of a file of columns.

    Attributes:
        tabs: whether cells are separated by tabs, otherwise by spaces.
        width: number of cells of a row.
        line: number of the first row.
        header: number of the line with the names of the columns; 0: there is none.
        words: the column of the words.
        tags: the column of the tags; None: they are not read.
        names: the names of the columns; empty if they have none.
        conllu: whether the first column numbers the words, so that rows such as 3-4 and 3.1 are left out.
    """

    tabs: bool
    width: int
    line: int
    header: int
    words: int
    tags: int | None
    names: list[str]
    conllu: bool

    def reference(self, column: int | None) -> str | None:
        """Return the name of a column where it has one of its own, else its number."""
        if column is None:
            return None
        name = self.names[column] if column < len(self.names) else ""
        return name if name and self.names.count(name) == 1 and not _NUMBER.fullmatch(name) else str(column)

    def cells(self, text: str) -> list[str]:
        """Split a row into cells."""
        return text.split("\t") if self.tabs else split_whitespace(text)

    def is_comment(self, text: str) -> bool:
        """Return whether a line with # at its start is a comment, not a word that starts with #."""
        return text.startswith("#") and (
            len(self.cells(text)) != self.width or (not self.tabs and _KEY_COMMENT.match(text) is not None)
        )


def _read_columns(path: Path, settled: FileLayout) -> Iterator[TaggedSentence]:
    words, tags, encoding = settled.column("words"), settled.column("tags"), settled.encoding
    layout = _detect_layout(path, words, tags, encoding, with_tags="tags" in settled.columns)
    sentence: list[tuple[str, str]] = []
    document, documents, sentences = "", 0, 0
    for line in chain(open_lines(path, encoding=encoding), [Line(0, "")]):
        line.require_text(path)
        cells = layout.cells(line.text)
        if not line.text.strip():
            if sentence:
                sentences += 1
                words_and_tags, others = ([cell[side] for cell in sentence] for side in (0, 1))
                yield TaggedSentence(id=str(sentences), document=document, words=words_and_tags, tags=others)
                sentence = []
        elif cells[0] == _DOCSTART or line.text.startswith("# newdoc"):
            documents += 1
            document = f"document-{documents}"
        elif line.number != layout.header and not layout.is_comment(line.text):
            if len(cells) != layout.width:
                details = f"line {layout.line} has {layout.width}, between {'tabs' if layout.tabs else 'blanks'}"
                hint = "look for a lost or doubled separator"
                raise DataError(path, line.number, f"{len(cells)} cells", details, hint)
            if not layout.conllu or cells[0].isdigit():
                sentence.append((cells[layout.words], OUTSIDE if layout.tags is None else cells[layout.tags]))
                if not all(sentence[-1]):
                    raise DataError(
                        path, line.number, "an empty cell", "expected a word and its tag", "correct the row"
                    )


def _detect_layout(
    path: Path, words: str | None, tags: str | None, encoding: str | None, with_tags: bool = True
) -> _ColumnLayout:
    """Detect the layout from the first rows. with_tags: whether the file must have a column of tags."""
    names: list[str] = []
    for line in open_lines(path, encoding=encoding):
        match = _GLOBAL_COLUMNS.match(line.text)
        if match:
            names = split_whitespace(match[1])
        elif line.text.strip() and not line.text.startswith(("#", _DOCSTART)):
            break
    else:
        raise DataError(path, None, "has no sentences", "expected one row for each word", "check how it was made")
    line.require_text(path)
    tabs = "\t" in line.text
    cells = line.text.split("\t") if tabs else split_whitespace(line.text)
    conllu = len(cells) >= 10 and re.fullmatch(r"\d+([-.]\d+)?", cells[0]) is not None
    if conllu and not names:
        names = list(_CONLLU_COLUMNS)
    lowered = {cell.lower() for cell in cells}
    typed = {column.lower() for column in (words, tags) if column is not None and not _NUMBER.fullmatch(column)}
    is_header = bool(typed & lowered) or (cells[0].lower() in _WORD_NAMES and cells[-1].lower() in _TAG_NAMES)
    header = line.number if not names and (is_header or (typed and with_tags)) else 0
    names = names or (cells if header else [])
    defaults = (names.index("FORM"), names.index("UPOS")) if {"FORM", "UPOS"} <= set(names) else (0, len(cells) - 1)
    columns = []
    for column, default in zip((words, tags) if with_tags else (words,), defaults, strict=False):
        if not with_tags and not names and column is not None and not _NUMBER.fullmatch(column):
            column = None  # a file of words without the header of the training
        index = default if column is None else _column_index(path, line.number, column, names)
        if not -len(cells) <= index < len(cells):
            details = f"line {line.number} has {len(cells)} columns, numbered from 0"
            raise DataError(path, line.number, f"no column {index}", details, "give data.words and data.tags")
        columns.append(index % len(cells))
    if with_tags and columns[0] == columns[1]:
        details = f"line {line.number} has {len(cells)} columns"
        raise DataError(
            path, line.number, "words and tags are the same column", details, "give data.words and data.tags"
        )
    tag_column = columns[1] if with_tags else None
    return _ColumnLayout(tabs, len(cells), line.number, header, columns[0], tag_column, names, conllu)


def _column_index(path: Path, number: int, column: str, names: list[str]) -> int:
    """Return the index of a column given by name or number."""
    if _NUMBER.fullmatch(column):
        return int(column)
    lowered = [name.lower() for name in names]
    if column.lower() not in lowered:
        near = closest_match(column, names)
        hint = f"did you mean {near}?" if near else "name one of these, or give a number from 0"
        raise DataError(path, number, f"no column {column!r}", f"columns: {', '.join(names)}", hint)
    return lowered.index(column.lower())


def _json_keys(path: Path, format: str, encoding: str, words: str | None, tags: str | None) -> dict[str, str | None]:
    """Return the keys of words and tags in the first object."""
    for number, row in read_records(path, format, encoding):
        words = words or next((key for key in ("words", "tokens") if key in row), None)
        tag_keys = ["tags"] if "tags" in row else [key for key in row if key.endswith("_tags")]
        if tags is None and len(tag_keys) > 1:
            raise DataError(path, number, "several keys of tags", ", ".join(tag_keys), "give data.tags=KEY")
        tags = tags or next(iter(tag_keys), None)
        for what, key in (("words", words), ("tags", tags)):
            _require_key(path, number, row, what, key)
        break
    return {"words": words, "tags": tags}


def _require_key(path: Path, number: int, row: dict[str, Any], what: str, key: str | None) -> None:
    if key is None or key not in row:
        details = f"its keys: {', '.join(row)}"
        raise DataError(path, number, f"no key {key or what!r}", details, f"give data.{what}=KEY")


def _read_json(path: Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    words, tags = str(layout.column("words")), layout.column("tags")
    for number, row in read_records(path, str(layout.format), layout.encoding):
        _require_key(path, number, row, "words", words)
        if tags is not None:
            _require_key(path, number, row, "tags", tags)
        if row[words] == [] == row[tags or words]:
            continue
        strings = _strings(path, number, row[words])
        yield TaggedSentence(
            id=str(row.get("id", number)),
            document=str(row.get("document", "")),
            words=strings,
            tags=[OUTSIDE] * len(strings) if tags is None else _strings(path, number, row[tags], len(strings)),
        )


def _strings(path: Path, number: int, value: Any, length: int | None = None) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise DataError(
            path, number, "not a list of strings", "expected a list of words and one of their tags", "correct the line"
        )
    if length not in (None, len(value)):
        details = f"there are {length} words"
        raise DataError(path, number, f"{len(value)} tags", details, "give each word one tag")
    return value
