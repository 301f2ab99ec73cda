"""Dialects of tables: separators, quotes, headers, rows that are too wide."""

from pathlib import Path

import pytest

from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.table import read_head, read_head_like_training, read_rows
from grunlp.utils.errors import DataError

NAMES = {"text", "label"}


def read(path: Path, content: str, header: bool = False, **requested: object) -> tuple[FileLayout, list[list[str]]]:
    path.write_text(content, encoding="utf-8", newline="")
    head = read_head(str(path), FileLayout(header=header, **requested), NAMES)  # type: ignore[arg-type]
    return head.layout, [cells for _, cells in read_rows(str(path), head.layout)]


@pytest.mark.parametrize(
    ("name", "content", "separator", "quoting", "rows"),
    [
        ("a.csv", "p;Nice, dear\nn;Dull, poor\n", None, None, None),  # both separate two cells of each row
        ("a.csv", "label;text\np;Nice, dear\n", "semicolon", True, [["label", "text"], ["p", "Nice, dear"]]),
        ("a.csv", "p;Nice\nn;Dull\n", "semicolon", True, [["p", "Nice"], ["n", "Dull"]]),
        ("a.CSV", 'p,"Nice, dear"\n', "comma", True, [["p", "Nice, dear"]]),
        ("a.csv", "p\tNice, so\nn\tDull\n", "tab", True, [["p", "Nice, so"], ["n", "Dull"]]),
        ("a.tsv", 'p\t"so ""nice"" it"\nn\tDull\n', "tab", True, [["p", 'so "nice" it'], ["n", "Dull"]]),
        ("a.tsv", '"p"\t"Nice"\n"n"\t"Dull"\n"n"\t"Bad"\n', "tab", True, [["p", "Nice"], ["n", "Dull"], ["n", "Bad"]]),
        ("a.tsv", 'p\t"Nice" he said\nn\t"Dull"\n', "tab", False, [["p", '"Nice" he said'], ["n", '"Dull"']]),
        ("a.tsv", 'p\t"Nice"\nn\tDull\n', "tab", False, [["p", '"Nice"'], ["n", "Dull"]]),
        ("a.txt", "label|text\np|Nice\n", "pipe", True, [["label", "text"], ["p", "Nice"]]),
        ("a.txt", "Nice, dear\n", "tab", False, [["Nice, dear"]]),
        (
            "a.csv",
            "\ufeffsep=;\nlabel;text\np;Nice, dear\n",
            "semicolon",
            True,
            [["label", "text"], ["p", "Nice, dear"]],
        ),
        ("a.tsv", "sep=\t\np\tNice\n", "tab", False, [["p", "Nice"]]),
        ("a.csv", '1, "Nice, dear"\n2, "Dull, poor"\n', "comma", True, [["1", "Nice, dear"], ["2", "Dull, poor"]]),
        ("a.csv", 'p, "Nice" he said\n', "comma", True, [["p", ' "Nice" he said']]),
        ("a.csv", "p,Nice\n,\nn,Dull\n,\n ,\n", "comma", True, [["p", "Nice"], ["n", "Dull"]]),
        ("a.csv", 'p,"Nice\n\nand dear"\n\n  \nn,Dull\n', "comma", True, [["p", "Nice\n\nand dear"], ["n", "Dull"]]),
        ("a.csv", '"p"\n""\n', "comma", True, [["p"], [""]]),
        ("a.csv", "p,Nice\rn,Dull\r", "comma", True, [["p", "Nice"], ["n", "Dull"]]),
    ],
)
def test_dialects(
    name: str, content: str, separator: str | None, quoting: bool | None, rows: list[list[str]] | None, tmp_path: Path
) -> None:
    if rows is None:
        with pytest.raises(DataError, match=r"(?s)comma or semicolon.*p;Nice \|  dear.*data.separator=comma or"):
            read(tmp_path / name, content)
        return
    layout, found = read(tmp_path / name, content)
    assert (layout.separator, layout.quoting, found) == (separator, quoting, rows)


def test_options_override_what_would_be_detected(tmp_path: Path) -> None:
    layout, rows = read(tmp_path / "a.csv", "p;Nice, dear\nn;Dull, poor\n", separator="semicolon")
    assert layout.separator == "semicolon" and rows[0] == ["p", "Nice, dear"]
    assert read(tmp_path / "a.csv", 'p,"Nice"\n', quoting=False)[1] == [["p", '"Nice"']]
    assert read(tmp_path / "a.tsv", 'p\t"Nice"\n', quoting=True)[1] == [["p", "Nice"]]


@pytest.mark.parametrize("name", ["a.csv", "a.tsv"])
def test_a_row_with_more_cells_than_the_first_is_an_error(name: str, tmp_path: Path) -> None:
    content = "label,text\np,Nice\nn,Dull, poor\n".replace(",", "," if name == "a.csv" else "\t")
    with pytest.raises(DataError, match=r"a\.\wsv:3: 3 cells\nthe header has 2"):
        read(tmp_path / name, content, header=True)
    with pytest.raises(DataError, match="the first row has 2"):
        read(tmp_path / name, content)


def test_a_file_without_text(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="has no text"):
        read(tmp_path / "a.csv", "\n  \n\n")


TRAINED = FileLayout(format="table", separator="semicolon", quoting=False, header=True)


@pytest.mark.parametrize(
    ("name", "content", "trained", "rows"),
    [
        ("a.csv", 'text\n"Nice", dear\n', TRAINED, [["text"], ['"Nice", dear']]),
        ("a.csv", "a,b;c,d\n", TRAINED, [["a,b", "c,d"]]),
        ("a.csv", "sep=,\na,b\n", TRAINED, None),
        ("a.tsv", "a\tb\n", TRAINED, None),
        ("a.csv", "a,b\n", FileLayout(format="table", separator="tab", quoting=False), None),
        ("a.txt", "a,b\n", FileLayout(format="lines"), None),
    ],
)
def test_the_dialect_of_the_training(
    name: str, content: str, trained: FileLayout, rows: list[list[str]] | None, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(content)
    head = read_head_like_training(f"{tmp_path}/{name}", trained)
    assert (head and head.rows) == rows
