"""The layout of a data file: everything that decides how its bytes become examples.

A training settles the layout of each file once, when it opens it, from the options that the user typed and the first
lines of the file; logs it in a line; and stores it in the run folder, with the checksum of the file. Commands that
read a file for a trained model start from the layout of its training data.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

SEPARATORS = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
"""Separators of the cells of a table, by the names that options have for them."""
_MAX_NAME_LENGTH = 4000  # Python refuses to read a number of more than 4,300 digits
_SEPARATOR_LINE = re.compile(r"\ufeff?sep=([\t,;|])\s*", re.IGNORECASE)


@dataclass(frozen=True)
class FileLayout:
    """The way a file is read. In a request, None is to be detected; in a settled layout, None does not apply.

    Attributes:
        format: "json-lines", "json-array" or "json-objects" (`grunlp.data.readers.json_records`), "table" (one example
            in each row), "columns" or "conllu" (one word in each row), "lines" (one text in each line), or a format of
            `grunlp.data.readers`.
        encoding: the encoding of the text, as Python names it.
        separator: the separator of the cells of a row: a name in SEPARATORS, or "blank".
        quoting: whether cells may be enclosed in double quotes, as in CSV (RFC 4180).
        skip_initial_space: whether blanks before a quoted cell are left out, as in `1, "a text"`.
        header: whether the first row names the columns.
        width: number of cells of the first row.
        columns: the column or field of each role, "text" or "tags" for instance, by name or by number from 0.
        tags: how tags are written, if not as `B-PER`: "PER-B", "B_PER", "b-PER".
        scheme: the scheme of the tags, if it is not IOB2, to which they are converted: "iob1" or "bioes".
        guesses: what was guessed, each with the option that overrides it.
    """

    format: str | None = None
    encoding: str | None = None
    separator: str | None = None
    quoting: bool | None = None
    skip_initial_space: bool | None = None
    header: bool | None = None
    width: int | None = None
    columns: Mapping[str, str | None] = field(default_factory=dict)
    tags: str | None = None
    scheme: str | None = None
    guesses: Sequence[str] = ()

    def column(self, role: str) -> str | None:
        """Return the column of a role; None where there is none."""
        return self.columns.get(role)

    def describe(self) -> str:
        """Describe the layout in a line."""
        parts = [str(self.format)]
        if self.separator:
            parts.append(f"cells between {self.separator}s")
        if self.quoting:
            parts.append("quoted cells, blanks before quotes skipped" if self.skip_initial_space else "quoted cells")
        if self.header is not None:
            parts.append("a header" if self.header else "no header")
        parts += [f"{role}: column {column}" for role, column in self.columns.items() if column is not None]
        if self.tags:
            parts.append(f"tags like {self.tags}")
        if self.scheme:
            parts.append(f"scheme {self.scheme}, converted to iob2")
        if self.encoding not in (None, "utf-8"):
            parts.append(str(self.encoding))
        return ", ".join(parts) + "".join(f" (guessed: {guess})" for guess in self.guesses)

    def to_json(self) -> dict[str, Any]:
        """Return the fields that are not null, as JSON values."""
        values = {**asdict(self), "columns": dict(self.columns), "guesses": list(self.guesses)}
        return {key: value for key, value in values.items() if value not in (None, [], {})}


def declared_separator(line: str) -> str | None:
    """Return the separator that a first line such as `sep=;`, as Excel reads it, declares; None for any other line."""
    match = _SEPARATOR_LINE.fullmatch(line)
    return next(name for name, sign in SEPARATORS.items() if sign == match[1]) if match else None


def layout_from_json(value: Any) -> FileLayout:
    """Make a layout of what `to_json` returned. Raises ValueError for anything else."""
    types: dict[str, Any] = {
        "quoting": bool,
        "skip_initial_space": bool,
        "header": bool,
        "width": int,
        "columns": dict,
        "guesses": list,
    }
    if not isinstance(value, dict) or not set(value) <= {entry.name for entry in fields(FileLayout)}:
        raise ValueError("not a layout of a file")
    if not all(type(item) is types.get(key, str) for key, item in value.items()):
        raise ValueError("a layout of a file with a value of another type")
    texts = [*value.get("columns", {}).values(), *value.get("guesses", [])]
    if not all(text is None or (isinstance(text, str) and len(text) <= _MAX_NAME_LENGTH) for text in texts):
        raise ValueError("a layout of a file with columns that are not text, or too long")
    if value.get("separator") not in (None, "blank", *SEPARATORS):
        raise ValueError(f"separator {value['separator']!r} of a layout")
    return FileLayout(**{**value, "guesses": tuple(value.get("guesses", ()))})
