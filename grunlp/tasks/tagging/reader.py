"""Reader of sentences with one tag for each word, from columns, CoNLL-U or JSON lines.

* Columns: one token on each line and a blank line between sentences, as in CoNLL-2000, CoNLL-2003 and WNUT-17. Cells
are separated by tabs if the first row has one, otherwise by spaces. `-DOCSTART-` begins a document. A column is given
by its
  number from 0 (-1 is the last) or by its name, which is then in the first row or in `# global.columns`.
* CoNLL-U: the same with the names of its ten columns; multi-word tokens (3-4) and empty nodes (3.1) are left out.
* JSON lines: one sentence on each line; the keys take the place of columns.

Span tags may be in any scheme of `grunlp.data.tag_schemes`; they are converted to IOB2.
"""

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.examples import TaggedSentence
from grunlp.data.readers.column_format import split_whitespace
from grunlp.data.readers.text_lines import Line, open_lines, parse_json_object
from grunlp.data.tag_schemes import detect_scheme, find_untagged_scheme_tag, to_iob2
from grunlp.utils.errors import DataError, closest_match

_CONLLU_COLUMNS = ("ID", "FORM", "LEMMA", "UPOS", "XPOS", "FEATS", "HEAD", "DEPREL", "DEPS", "MISC")
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_KEY_COMMENT = re.compile(r"#\s+\S+\s+=")
_NUMBER = re.compile(r"-?\d{1,4}")
_DOCSTART = "-DOCSTART-"
_CHECK_TAGS_HINT = "correct it, or check the columns data.words and data.tags"


def read_tagged(path: str | Path, words: str | None = None, tags: str | None = None) -> list[TaggedSentence]:
    """Read the sentences of a file; span tags are converted to IOB2.

    Args:
        path: plain, gz or xz.
        words: column of the words by number or name, or key in JSON lines; None: the first column, FORM in CoNLL-U,
            `words` or `tokens` in JSON lines.
        tags: column or key of the tags; None: the last column, UPOS in CoNLL-U, `tags` or a key that ends in `_tags` in
            JSON lines.

    Raises:
        DataError: the file, its format, a row or a column is wrong.
    """
    return convert_to_iob2(str(path), list(iter_tagged(path, words, tags)))


def iter_tagged(path: str | Path, words: str | None, tags: str | None) -> Iterator[TaggedSentence]:
    """Read the sentences of a file one at a time, without converting their tags.

    Arguments and errors as for `read_tagged`.
    """
    path, example = Path(path), None
    for example in _read_json(path, words, tags) if _is_json(path) else _read_columns(path, words, tags):
        yield example
    if example is None:
        raise DataError(path, None, "has no sentences", "expected at least one", "check how it was made")


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


def _is_json(path: Path) -> bool:
    first = next((line.text.lstrip() for line in open_lines(path) if line.text.strip()), "")
    return re.match(r'\{\s*["}]', first) is not None


class _ColumnLayout(NamedTuple):
    """Layout of a file of columns.

    Attributes:
        tabs: whether cells are separated by tabs, otherwise by spaces.
        width: number of cells of a row.
        line: number of the first row.
        header: number of the line with the names of the columns; 0: there is none.
        words, tags: the columns of words and tags.
        conllu: whether the first column numbers the words, so that rows such as 3-4 and 3.1 are left out.
    """

    tabs: bool
    width: int
    line: int
    header: int
    words: int
    tags: int
    conllu: bool

    def cells(self, text: str) -> list[str]:
        """Split a row into cells."""
        return text.split("\t") if self.tabs else split_whitespace(text)

    def is_comment(self, text: str) -> bool:
        """Return whether a line with # at its start is a comment, not a word that starts with #."""
        return text.startswith("#") and (
            len(self.cells(text)) != self.width or (not self.tabs and _KEY_COMMENT.match(text) is not None)
        )


def _read_columns(path: Path, words: str | None, tags: str | None) -> Iterator[TaggedSentence]:
    layout = _detect_layout(path, words, tags)
    sentence: list[tuple[str, str]] = []
    document, documents, sentences = "", 0, 0
    for line in chain(open_lines(path), [Line(0, "")]):
        _require_text(path, line)
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
                sentence.append((cells[layout.words], cells[layout.tags]))
                if not all(sentence[-1]):
                    raise DataError(
                        path, line.number, "an empty cell", "expected a word and its tag", "correct the row"
                    )


def _detect_layout(path: Path, words: str | None, tags: str | None) -> _ColumnLayout:
    """Detect the layout from the first rows."""
    names: list[str] = []
    for line in open_lines(path):
        match = _GLOBAL_COLUMNS.match(line.text)
        if match:
            names = split_whitespace(match[1])
        elif line.text.strip() and not line.text.startswith(("#", _DOCSTART)):
            break
    else:
        raise DataError(path, None, "has no sentences", "expected one row for each word", "check how it was made")
    tabs = "\t" in line.text
    cells = line.text.split("\t") if tabs else split_whitespace(line.text)
    conllu = len(cells) >= 10 and re.fullmatch(r"\d+([-.]\d+)?", cells[0]) is not None
    if conllu and not names:
        names = list(_CONLLU_COLUMNS)
    named = any(column is not None and not _NUMBER.fullmatch(column) for column in (words, tags))
    header = line.number if named and not names else 0
    names = names or (cells if header else [])
    defaults = (names.index("FORM"), names.index("UPOS")) if {"FORM", "UPOS"} <= set(names) else (0, len(cells) - 1)
    columns = []
    for column, default in zip((words, tags), defaults, strict=True):
        index = default if column is None else _column_index(path, line.number, column, names)
        if not -len(cells) <= index < len(cells):
            details = f"line {line.number} has {len(cells)} columns, numbered from 0"
            raise DataError(path, line.number, f"no column {index}", details, "give data.words and data.tags")
        columns.append(index % len(cells))
    if columns[0] == columns[1]:
        details = f"line {line.number} has {len(cells)} columns"
        raise DataError(
            path, line.number, "words and tags are the same column", details, "give data.words and data.tags"
        )
    return _ColumnLayout(tabs, len(cells), line.number, header, columns[0], columns[1], conllu)


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


def _read_json(path: Path, words: str | None, tags: str | None) -> Iterator[TaggedSentence]:
    for line in open_lines(path):
        _require_text(path, line)
        if not line.text.strip():
            continue
        row = parse_json_object(path, line.number, line.text)
        words = words or next((key for key in ("words", "tokens") if key in row), None)
        tag_keys = ["tags"] if "tags" in row else [key for key in row if key.endswith("_tags")]
        if tags is None and len(tag_keys) > 1:
            raise DataError(path, line.number, "several keys of tags", ", ".join(tag_keys), "give data.tags=KEY")
        tags = tags or next(iter(tag_keys), None)
        for what, key in (("words", words), ("tags", tags)):
            if key is None or key not in row:
                details = f"its keys: {', '.join(row)}"
                raise DataError(path, line.number, f"no key {key or what!r}", details, f"give data.{what}=KEY")
        assert words is not None and tags is not None
        if row[words] == [] == row[tags]:
            continue
        yield TaggedSentence(
            id=str(row.get("id", line.number)),
            document=str(row.get("document", "")),
            words=_strings(path, line, row[words]),
            tags=_strings(path, line, row[tags], len(row[words])),
        )


def _strings(path: Path, line: Line, value: Any, length: int | None = None) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
        raise DataError(
            path,
            line.number,
            "not a list of strings",
            "expected a list of words and one of their tags",
            "correct the line",
        )
    if length not in (None, len(value)):
        details = f"there are {length} words"
        raise DataError(path, line.number, f"{len(value)} tags", details, "give each word one tag")
    return value


def _require_text(path: Path, line: Line) -> None:
    if line.error:
        raise DataError(path, line.number, line.error, "expected UTF-8 text", "convert it with iconv")
