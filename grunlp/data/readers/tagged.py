"""Reader of sentences with one tag for each word, from columns, CoNLL-U or JSON.

* Columns: one token on each line and a blank line between sentences, as in CoNLL-2000, CoNLL-2003 and WNUT-17. Cells
  are separated by tabs if the first row has one, by commas or semicolons in files named `.csv`, otherwise by spaces.
  `-DOCSTART-` begins a document. A column is given by its number from 0 (-1 is the last) or by its name, which is then
  in the first row or in `# global.columns`. A column named `Sentence #` or `sentence_id` begins a sentence where its
  value changes. A first column that counts the rows is not taken for the words.
* CoNLL-U: the same with the names of its ten columns; multi-word tokens (3-4) and empty nodes (3.1) are left out.
* JSON objects, one on each line or in an array: each is a sentence; the keys take the place of columns.

Span tags may be in any scheme and spelling of `grunlp.data.tag_schemes`; they are converted to IOB2.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.data.examples import TaggedSentence
from grunlp.data.file_layout import SEPARATORS, FileLayout
from grunlp.data.readers.column_format import split_whitespace
from grunlp.data.readers.json_records import JSON_FORMATS, json_format, read_records
from grunlp.data.readers.table import is_csv
from grunlp.data.readers.text_lines import Line, open_lines
from grunlp.data.tag_schemes import (
    LABEL_OF_UNLABELED,
    SPELLINGS,
    detect_scheme,
    detect_spelling,
    find_label,
    find_outside_tags,
    find_untagged_scheme_tag,
    spans_of_bare_tags,
    to_iob2,
    to_standard_spelling,
)
from grunlp.data.tags import OUTSIDE
from grunlp.data.word_tokenizer import UNSPACED_SCRIPTS
from grunlp.utils.errors import DataError, closest_match

IO_SCHEME, PLAIN_TAGS = "io", "plain"
"""The scheme of bare tags whose neighbours with the same tag are one span, and tags that stay as they are written; they
cannot be detected."""

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
_SENTENCE_NAMES = frozenset(
    ("sentence #", "sentence", "sentence_id", "sentence id", "sentence_idx", "sent_id", "sent_idx", "sentence_number")
)
_GLOBAL_COLUMNS = re.compile(r"#\s*global\.columns\s*=\s*(.*)")
_KEY_COMMENT = re.compile(r"#\s+\S+\s+=")
_NUMBER = re.compile(r"-?\d{1,4}")
_DOCSTART = "-DOCSTART-"
_COLUMNS_HINT = (
    "in a training, type data.words=COLUMN and data.tags=COLUMN; other commands read the columns of the training"
)
_CHECK_TAGS_HINT = f"correct it; or, if it is in another column, {_COLUMNS_HINT}"
_PLAIN_HINT = "a training with data.tag_scheme=plain leaves tags as they are written"
_NUM_PROBED = 1000  # sentences by which the spelling of tags is detected
_NUM_HEAD_ROWS = 200  # rows by which columns and quotes are detected
_MIN_ROWS_TO_JUDGE = 10  # rows from which on columns may be found to be swapped
_PUNCTUATION = ".,;:!?\u2026\u3002\uff01\uff1f\uff0c\uff1b\uff1a"
_UNSEGMENTED_TEXT = re.compile(f"[{UNSPACED_SCRIPTS}]{{7,}}")


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
    layout = _detect_columns_or_keys(Path(path), requested)
    probed = list(islice(_iter_as_written(Path(path), layout), _NUM_PROBED))
    if requested.tags in (IO_SCHEME, PLAIN_TAGS):
        return replace(layout, tags=requested.tags)
    tags = {tag for example in probed for tag in example["tags"]}
    spelling = detect_spelling(tags)
    if spelling is None and requested.tags is not None and _fits(tags, requested.tags):
        spelling = requested.tags
    if spelling is None:
        if requested.column("words") is None or requested.column("tags") is None:
            _refuse_other_columns(Path(path), probed)
        if OUTSIDE in tags and len(tags) > 1 and _are_bare(tags):
            guess = "each tag labels one word and is scored alone; data.tag_scheme=io reads equal neighbours as a span"
            if all(tag == OUTSIDE or tag[0] in "BI" for tag in tags):
                guess = (
                    "each tag labels one word and is scored alone; if B and I begin and continue spans, write B-X, I-X"
                )
            return replace(layout, guesses=(*layout.guesses, guess))
        return layout
    sequences = ([to_standard_spelling(tag, spelling) for tag in example["tags"]] for example in probed)
    scheme = detect_scheme(sequences)
    layout = replace(layout, scheme=scheme if scheme != "iob2" else None)
    outside = [tag for tag in find_outside_tags(tags) if tag != OUTSIDE]
    if spelling == SPELLINGS[0] and not outside:
        return layout
    guesses = [f"the tag {tag} is the letter O, outside of spans" for tag in outside if tag != "o"]
    if spelling == "B":
        guesses.append(f"tags without a label are spans with the label {LABEL_OF_UNLABELED}")
    if spelling == "BPER":
        guesses.append("BPER is B-PER")
    if guesses:
        guesses[-1] += f"; {_PLAIN_HINT}"
    return replace(layout, tags=spelling, guesses=(*layout.guesses, *guesses))


def detect_word_layout(path: str | Path, requested: FileLayout) -> FileLayout:
    """Detect how the words of a file are read, whose tags may be missing; otherwise as `detect_tag_layout`."""
    return _detect_columns_or_keys(Path(path), requested, with_tags=False)


def _detect_columns_or_keys(path: Path, requested: FileLayout, with_tags: bool = True) -> FileLayout:
    """Detect how a file is read except for the spelling of its tags."""
    encoding = requested.encoding or "utf-8"
    format = json_format(path, encoding)
    if format is not None:
        keys = _json_keys(path, format, encoding, requested.columns, with_tags)
        return FileLayout(format=format, encoding=encoding, columns=keys)
    detected = _detect_layout(path, replace(requested, encoding=encoding), with_tags)
    columns = {"words": detected.words, "tags": detected.tags, "sentence": detected.sentence}
    return FileLayout(
        format="conllu" if detected.conllu else "columns",
        encoding=encoding,
        separator=detected.separator,
        quoting=detected.quoting or None,
        header=detected.header > 0,
        width=detected.width,
        columns={
            role: detected.reference(column)
            for role, column in columns.items()
            if column is not None or role != "sentence"
        },
        guesses=detected.guesses,
    )


def _fits(tags: Collection[str], spelling: str) -> bool:
    """Return whether tags may be written in the spelling of the training data, though they do not show it."""
    outside = find_outside_tags(tags)
    return all(tag in outside or to_standard_spelling(tag, spelling) != tag for tag in tags)


def _refuse_other_columns(path: Path, examples: Collection[TaggedSentence]) -> None:
    """Raise DataError where the columns are probably swapped, or contain texts.

    The columns are swapped where there are more different tags than words, or no tag occurs twice.
    """
    words, tags = (list(chain.from_iterable(example[key] for example in examples)) for key in ("words", "tags"))
    num_words, num_tags = len(set(words)), len(set(tags))
    if len(tags) >= _MIN_ROWS_TO_JUDGE and (num_tags > num_words or num_tags == len(tags)):
        message = f"{num_tags} tags for {num_words} words: are the columns swapped?"
        raise DataError(path, None, message, f"the first word is {words[0]!r}, its tag {tags[0]!r}", _COLUMNS_HINT)
    with_blanks = [word for word in words if " " in word.strip()]
    if 2 < len(words) < 2 * len(with_blanks):
        hint = f"texts with classes are read by recipe=classify; {_COLUMNS_HINT}"
        raise DataError(path, None, "most words have blanks", f"the first is {with_blanks[0]:.60}", hint)


def layout_for_prediction(path: str | Path, trained: FileLayout | None, known: Collection[str]) -> FileLayout | None:
    """Detect how a file of words is read for a trained tagger; None if it does not look like the training file.

    Args:
        path: the file, which may lack the column of the tags.
        trained: the layout of the training file; None, or one of a file without tags, if it is not known.
        known: tags of the model.
    """
    has_tags = trained is not None and trained.format in (*JSON_FORMATS, "columns", "conllu")
    if trained is None or not has_tags:
        trained = FileLayout(encoding=trained.encoding if trained else None)
    path, words = Path(path), trained.column("words")
    format = json_format(path, trained.encoding)
    if format is not None:
        record = next(read_records(path, format, trained.encoding), (0, {}))[1]
        is_list = isinstance(record.get(str(words)), list) and "frames" not in record
        return FileLayout(format=format, encoding=trained.encoding, columns={"words": words}) if is_list else None
    separator, blocks = _sample_blocks(path, trained)
    rows = list(chain.from_iterable(blocks))
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    is_conllu = width >= 10 and any(cells[0].isdecimal() for cells in rows)
    if is_conllu and not has_tags:
        return None
    if trained.format in JSON_FORMATS or width == 1 or (is_conllu and trained.format != "conllu"):
        words = words if trained.header else None  # a number is that of a column in other files
    layout = FileLayout(
        format="conllu" if is_conllu else "columns",
        encoding=trained.encoding,
        separator=separator,
        width=width,
        columns={"words": words},
    )
    if 2 * count < len(rows) or not rows:
        return None
    full_rows = [cells for cells in rows if len(cells) == width]
    if width > 1 and (separator == trained.separator != "blank" or trained.format == "conllu" == layout.format):
        return layout
    column = trained.column("tags") if width == trained.width else None
    index = int(column) if column is not None and _NUMBER.fullmatch(column) else -1
    if width > 1 and 2 * sum(_is_known(cells[index], known) for cells in full_rows) >= len(full_rows):
        return layout
    if not _are_columns_without_tags(full_rows, len(blocks), trained.width) or 10 * count < 9 * len(rows):
        return None
    guess = "each line is a word, and a blank line ends a sentence; format=raw reads each line as text"
    return replace(layout, guesses=(guess,))


def _is_known(cell: str, known: Collection[str]) -> bool:
    """Return whether a cell is a tag of a model, in any spelling or scheme; marks of punctuation say nothing."""
    is_outside = cell != "-" and find_outside_tags([cell]) == [cell]
    return is_outside or (find_label(cell) in {find_label(tag) for tag in known} and any(map(str.isalnum, cell)))


def _are_columns_without_tags(rows: list[list[str]], num_sentences: int, trained_width: int | None) -> bool:
    """Return whether rows of equally many cells are words, perhaps with other columns of the training data, not text.

    Args:
        rows: the cells of each row.
        num_sentences: number of runs of rows between blank lines.
        trained_width: number of columns of the training data; None if they had no columns.
    """
    ends = sum(cells[-1].endswith(tuple(_PUNCTUATION)) and "".join(cells).strip(_PUNCTUATION) != "" for cells in rows)
    unsegmented = sum(_UNSEGMENTED_TEXT.search(cells[0]) is not None for cells in rows)
    if len(rows) < 2 or 4 * (ends + unsegmented) >= len(rows):
        return False
    if len(rows[0]) == 1:
        return True
    num_upper, num_upper_words = (sum(cells[column].isupper() for cells in rows) for column in (-1, 0))
    have_codes = 2 * num_upper_words <= len(rows) < 2 * num_upper  # NNP, B-NP
    return len(rows[0]) <= (trained_width or 0) and (have_codes or 1 < num_sentences < len(rows))


def _sample_blocks(path: Path, trained: FileLayout) -> tuple[str, list[list[list[str]]]]:
    """Return the separator of a file of columns and the cells of its first sentences, without comments and header."""
    blocks: list[list[list[str]]] = [[]]
    separator, names = "", {str(name).lower() for name in trained.columns.values()}
    for line in islice(open_lines(path, encoding=trained.encoding), _NUM_PROBED):
        if not line.text.strip():
            blocks.append([])
        elif not line.text.startswith(("#", _DOCSTART)):
            is_first, separator = not separator, separator or _find_separator(path, line.text)
            cells = _split_row(line.text, separator, quoting=separator not in ("tab", "blank"))
            if not (is_first and trained.header and names & {cell.lower() for cell in cells}):
                blocks[-1].append(cells)
    return separator, [block for block in blocks if block]


def is_tagged_file(path: str | Path) -> bool:
    """Return whether a file has tagged words, in columns with a few different tags, or as JSON."""
    try:
        layout = _detect_columns_or_keys(Path(path), FileLayout())
        sentences = list(islice(_iter_as_written(Path(path), layout), _NUM_PROBED))
    except DataError:
        return False
    return layout.format in JSON_FORMATS or any(len(sentence["words"]) > 1 for sentence in sentences)


def is_word_table(path: str | Path) -> bool:
    """Return whether a table has a word and a tag in each row, by its header, tags of spans, or sentences.

    Tables of texts and classes have neither. Columns separated by blanks are not judged.
    """
    path = Path(path)
    try:
        detected = _detect_layout(path, FileLayout())
        lines = [line.text for line in islice(open_lines(path), _NUM_HEAD_ROWS)]
    except DataError:
        return False
    rows = [detected.cells(text) for text in lines if text.strip()]
    words = [cells[detected.words] for cells in rows if len(cells) == detected.width]
    if detected.separator == "blank" or 2 * len(words) < len(rows) or sum(" " in word for word in words) > 1:
        return False
    names = {name.lower() for name in detected.names} - {"text", "texts"}
    if detected.sentence is not None or not names.isdisjoint(_WORD_NAMES):
        return True
    tags = {cells[detected.tags or -1] for cells in rows if len(cells) == detected.width}
    has_sentences = "" in "\n".join(text.strip() for text in lines).strip().split("\n")
    are_names = not any(" " in tag or tag[:1].isdecimal() for tag in tags)
    return (has_sentences and are_names) or detect_spelling(tags) is not None


def read_tagged(path: str | Path, layout: FileLayout) -> list[TaggedSentence]:
    """Read the sentences of a file; span tags are converted to IOB2.

    Args:
        path: plain, gz or xz.
        layout: what `detect_tag_layout` returned.

    Raises:
        DataError: the file, its format, a row or a column is wrong.
    """
    examples = list(iter_tagged(path, layout))
    return examples if layout.tags == PLAIN_TAGS else convert_to_iob2(str(path), examples)


def iter_tagged(path: str | Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    """Read the sentences of a file one at a time, with tags in the spelling of IOB2 and in the scheme of the file.

    Arguments and errors as for `read_tagged`.
    """
    path, example, spelling = Path(path), None, layout.tags
    for example in _iter_as_written(path, layout):
        if spelling == IO_SCHEME:
            example["tags"] = spans_of_bare_tags(example["tags"])
        elif spelling not in (None, PLAIN_TAGS):
            example["tags"] = [to_standard_spelling(tag, spelling) for tag in example["tags"]]
        yield example
    if example is None:
        raise DataError(path, None, "has no sentences", "expected at least one", "check how it was made")


def read_words(path: str | Path, layout: FileLayout) -> Iterator[TaggedSentence]:
    """Read the words of sentences whose tags may be missing; the tags have no effect."""
    return _iter_as_written(Path(path), replace(layout, columns={"words": layout.column("words")}))


def _find_separator(path: Path, row: str) -> str:
    """Return the name of the separator of the cells of a row."""
    if "\t" in row:
        return "tab"
    if is_csv(path):
        num_cells = {name: len(_split_row(row, name, quoting=True)) for name in ("comma", "semicolon")}
        name = max(num_cells, key=num_cells.__getitem__)
        return name if num_cells[name] > 1 else "blank"
    return "blank"


def _split_row(text: str, separator: str, quoting: bool) -> list[str]:
    if separator == "blank":
        return split_whitespace(text)
    sign = SEPARATORS[separator]
    if quoting:
        with suppress(csv.Error):  # a carriage return inside, or a cell without end
            return next(csv.reader([text], delimiter=sign))
    return text.split(sign)


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
        separator: the separator of cells, a name in SEPARATORS, or "blank".
        quoting: whether cells are enclosed in double quotes, or may be.
        width: number of cells of a row.
        line: number of the first row.
        header: number of the line with the names of the columns; 0: there is none.
        words: the column of the words.
        tags: the column of the tags; None: they are not read.
        sentence: the column whose value changes where a sentence begins; None: blank lines end sentences.
        names: the names of the columns; empty if they have none.
        conllu: whether the first column numbers the words, so that rows such as 3-4 and 3.1 are left out.
        guesses: as in FileLayout.
    """

    separator: str
    quoting: bool
    width: int
    line: int
    header: int
    words: int
    tags: int | None
    sentence: int | None
    names: list[str]
    conllu: bool
    guesses: tuple[str, ...]

    def reference(self, column: int | None) -> str | None:
        """Return the name of a column where it has one of its own, else its number."""
        if column is None:
            return None
        name = self.names[column] if column < len(self.names) else ""
        return name if name and self.names.count(name) == 1 and not _NUMBER.fullmatch(name) else str(column)

    def cells(self, text: str) -> list[str]:
        """Split a row into cells."""
        return _split_row(text, self.separator, self.quoting)

    def is_comment(self, text: str) -> bool:
        """Return whether a line with # at its start is a comment, not a word that starts with #."""
        return text.startswith("#") and (
            len(self.cells(text)) != self.width or (self.separator == "blank" and _KEY_COMMENT.match(text) is not None)
        )


def _read_columns(path: Path, settled: FileLayout) -> Iterator[TaggedSentence]:
    layout = _detect_layout(path, settled, with_tags="tags" in settled.columns)
    sentence: list[tuple[str, str]] = []
    document, documents, sentences, value = "", 0, 0, ""
    for line in chain(open_lines(path, encoding=settled.encoding), [Line(0, "")]):
        line.require_text(path)
        cells = layout.cells(line.text) if line.text else []
        is_row = any(map(str.strip, cells)) and line.number != layout.header
        begins = False
        if is_row and layout.sentence is not None and layout.sentence < len(cells):
            cell = cells[layout.sentence].strip()
            begins, value = cell not in ("", value), cell or value
        if sentence and (begins or not any(map(str.strip, cells))):
            sentences += 1
            words_and_tags, others = ([cell[side] for cell in sentence] for side in (0, 1))
            yield TaggedSentence(id=str(sentences), document=document, words=words_and_tags, tags=others)
            sentence = []
        if not is_row:
            continue
        if cells[0] == _DOCSTART or line.text.startswith("# newdoc"):
            documents += 1
            document = f"document-{documents}"
        elif not layout.is_comment(line.text):
            if len(cells) != layout.width:
                details = f"line {layout.line} has {layout.width}, between {layout.separator}s"
                hint = "look for a lost or doubled separator"
                if layout.tags is None:
                    hint += "; for running text, type format=raw"
                raise DataError(path, line.number, f"{len(cells)} cells", details, hint)
            if not layout.conllu or cells[0].isdigit():
                sentence.append((cells[layout.words], OUTSIDE if layout.tags is None else cells[layout.tags]))
                if not all(sentence[-1]):
                    raise DataError(
                        path, line.number, "an empty cell", "expected a word and its tag", "correct the row"
                    )


def _detect_layout(path: Path, requested: FileLayout, with_tags: bool = True) -> _ColumnLayout:
    """Detect the layout from the first rows.

    Args:
        path: the file.
        requested: columns, encoding and quoting that are known.
        with_tags: whether the file must have a column of tags.
    """
    words, tags = requested.column("words"), requested.column("tags")
    names, head = _read_head(path, requested.encoding)
    number = head[0].number
    separator = _find_separator(path, head[0].text)
    quoting = requested.quoting
    if quoting is None:
        quoting = separator not in ("tab", "blank") or (separator == "tab" and _are_all_quoted(head))
    rows = [_split_row(line.text, separator, quoting) for line in head]
    cells = rows[0]
    conllu = len(cells) >= 10 and re.fullmatch(r"\d+([-.]\d+)?", cells[0]) is not None
    if conllu and not names:
        names = list(_CONLLU_COLUMNS)
    lowered = [cell.strip().lower() for cell in cells]
    typed = {column.lower() for column in (words, tags) if column is not None and not _NUMBER.fullmatch(column)}
    is_header = not typed.isdisjoint(lowered) or not (_WORD_NAMES.isdisjoint(lowered) or _TAG_NAMES.isdisjoint(lowered))
    header = number if not names and (is_header or (typed and with_tags)) else 0
    names = names or ([cell.strip() for cell in cells] if header else [])
    known = [name.lower() for name in names]
    guesses: list[str] = []
    defaults = [0, len(cells) - 1]
    if {"FORM", "UPOS"} <= set(names):
        defaults = [names.index("FORM"), names.index("UPOS")]
    elif not _WORD_NAMES.isdisjoint(known):
        defaults[0] = next(i for i, name in enumerate(known) if name in _WORD_NAMES)
    elif len(cells) > 1 + with_tags and _is_numbering([row[0] for row in rows[bool(header) :]]):
        defaults[0] = 1
        if with_tags and words is None:
            guesses.append("the first column numbers the words, and the second has them; data.words=COLUMN overrides")
    if with_tags and tags is None and len(known) == len(cells) and known[-1] not in _TAG_NAMES and not conllu:
        defaults[1] = max((i for i, name in enumerate(known) if name in _TAG_NAMES), default=len(known) - 1)
        guesses.append(f"column {names[defaults[1]]} has the tags; data.tags=COLUMN overrides")
    columns = []
    for column, default in zip((words, tags) if with_tags else (words,), defaults, strict=False):
        if not with_tags and not names and column is not None and not _NUMBER.fullmatch(column):
            column = None  # a file of words without the header of the training
        index = default if column is None else _column_index(path, number, column, names)
        if not -len(cells) <= index < len(cells):
            details = f"line {number} has {len(cells)} columns, numbered from 0"
            raise DataError(path, number, f"no column {index}", details, _COLUMNS_HINT)
        columns.append(index % len(cells))
    if with_tags and columns[0] == columns[1]:
        details = f"line {number} has {len(cells)} columns"
        hint = _COLUMNS_HINT
        if len(cells) == 1 and len(re.split("[,;]", cells[0])) > 1:
            hint = "cells between commas or semicolons are read from files whose name ends in .csv: rename it"
        raise DataError(path, number, "words and tags are the same column", details, hint)
    sentence = next((i for i, name in enumerate(known) if name in _SENTENCE_NAMES and i not in columns), None)
    return _ColumnLayout(
        separator=separator,
        quoting=quoting,
        width=len(cells),
        line=number,
        header=header,
        words=columns[0],
        tags=columns[1] if with_tags else None,
        sentence=sentence,
        names=names,
        conllu=conllu,
        guesses=tuple(guesses),
    )


def _read_head(path: Path, encoding: str | None) -> tuple[list[str], list[Line]]:
    """Return the names in `# global.columns`, and the first rows; there is one at least."""
    names: list[str] = []
    head: list[Line] = []
    for line in open_lines(path, encoding=encoding):
        match = _GLOBAL_COLUMNS.match(line.text)
        if match and not head:
            names = split_whitespace(match[1])
        elif line.text.strip() and not line.text.startswith(("#", _DOCSTART)):
            head.append(line)
            if len(head) == _NUM_HEAD_ROWS:
                break
    if not head:
        raise DataError(path, None, "has no sentences", "expected one row for each word", "check how it was made")
    head[0].require_text(path)
    return names, head


def _are_all_quoted(rows: Collection[Line]) -> bool:
    """Return whether all cells between tabs are enclosed in quotes, except for numbers."""
    cells = [cell for line in rows for cell in line.text.split("\t")]
    quoted = sum(len(cell) > 1 and cell[0] == cell[-1] == '"' for cell in cells)
    return quoted > 0 and all(
        cell.isdecimal() or (len(cell) > 1 and cell[0] == cell[-1] == '"') for cell in cells if cell
    )


def _is_numbering(cells: Collection[str]) -> bool:
    """Return whether cells count 1, 2, 3, ... or 0, 1, 2, ..., perhaps from the start again at each sentence."""
    if len(cells) < 2 or not all(re.fullmatch(r"[0-9]{1,9}", cell) for cell in cells):
        return False
    numbers = [int(cell) for cell in cells]
    first = numbers[0]
    return first in (0, 1) and max(numbers) > first and all(b in (first, a + 1) for a, b in pairwise(numbers))


def _column_index(path: Path, number: int, column: str, names: list[str]) -> int:
    """Return the index of a column given by name or number."""
    if _NUMBER.fullmatch(column):
        return int(column)
    lowered = [name.lower() for name in names]
    if column.lower() not in lowered:
        near = closest_match(column, names)
        hint = f"did you mean {near}?" if near else "name one of these, or give a number from 0"
        hint += "; a file for a trained tagger needs the header of its training data"
        raise DataError(path, number, f"no column {column!r}", f"columns: {', '.join(names)}", hint)
    return lowered.index(column.lower())


def _json_keys(
    path: Path, format: str, encoding: str, requested: Mapping[str, str | None], with_tags: bool
) -> dict[str, str | None]:
    """Return the keys of words and, unless they may be missing, of tags in the first object."""
    words, tags = requested.get("words"), requested.get("tags")
    for number, row in read_records(path, format, encoding):
        words = words or next((key for key in ("words", "tokens") if key in row), None)
        tag_keys = ["tags"] if "tags" in row else [key for key in row if key.endswith("_tags")]
        if not with_tags:
            _require_key(path, number, row, "words", words)
            return {"words": words}
        if tags is None and len(tag_keys) > 1:
            raise DataError(
                path, number, "several keys of tags", ", ".join(tag_keys), "in a training, type data.tags=KEY"
            )
        tags = tags or next(iter(tag_keys), None)
        for what, key in (("words", words), ("tags", tags)):
            _require_key(path, number, row, what, key)
        break
    return {"words": words, "tags": tags}


def _require_key(path: Path, number: int, row: dict[str, Any], what: str, key: str | None) -> None:
    if key is None or key not in row:
        details = f"its keys: {', '.join(row)}"
        rename = f"rename the key of the {what} to {key or what!r}"
        hint = f"{rename}, or, in a training, type data.{what}=KEY"
        raise DataError(path, number, f"no key {key or what!r}", details, hint)


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
