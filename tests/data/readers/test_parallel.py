"""Files of pairs of texts."""

import gzip
import json
from pathlib import Path

import pytest

from grunlp.data.examples import ParallelExample
from grunlp.data.file_layout import FileLayout
from grunlp.data.readers.parallel import detect_pair_layout, detect_source_layout, read_parallel, read_sources
from grunlp.utils.errors import DataError, UserError


def read_pairs(path: Path, target: Path | None = None, *names: str | None) -> list[ParallelExample]:
    """The pairs of files whose layout is settled by these columns: source, target, references."""
    columns = dict(zip(("source", "target", "references"), (*names, None, None, None), strict=False))
    target_path = str(target) if target else None
    layout = detect_pair_layout(str(path), target_path, FileLayout(columns=columns))
    return list(read_parallel(str(path), target_path, layout))


def texts(path: Path, target: Path | None = None, *names: str | None) -> list[tuple[str, str]]:
    one, other, more = (*names, None, None, None)[:3]
    return [(pair["source"], pair["target"]) for pair in read_pairs(path, target, one, other, more)]


def write(path: Path, content: str) -> Path:
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


def test_side_by_side(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a.de.gz", "Ja.\n\nNein.\n"), write(tmp_path / "a.en", "Yes.\r\n?\nNo.")
    assert texts(one, other) == [("Ja.", "Yes."), ("", "?"), ("Nein.", "No.")]


def test_one_side_is_longer(tmp_path: Path) -> None:
    one, other = write(tmp_path / "a", "1\n2\n3\n"), write(tmp_path / "b", "1\n2\n")
    for first, second in ((one, other), (other, one)):
        with pytest.raises(DataError, match=r"a:3: the other file has fewer lines\n.*b ends after 2 lines"):
            texts(first, second)


def test_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "1\tJa.\tYes.\n2\tNein.\tNo.\n")
    assert texts(path, None, "1", "2") == [("Ja.", "Yes."), ("Nein.", "No.")]
    with pytest.raises(DataError, match=r"a.tsv:1: too few columns\n3 columns.*\n.*target=NAME_OR_NUMBER"):
        texts(path, None, "1", "3")
    with pytest.raises(DataError, match=r"a.tsv:1: no column 'de'"):
        texts(path, None, "de", "en")


def test_json(tmp_path: Path) -> None:
    rows = [{"source": "a", "target": "b"}, {"source": "c", "target": ["d", "e"], "more": ["f"]}]
    path = write(tmp_path / "a.jsonl", "\n".join(map(json.dumps, rows)))
    assert texts(path) == [("a", "b"), ("c", "d")]
    pairs = read_pairs(path, None, None, None, "more")
    assert [pair["references"] for pair in pairs] == [[], ["e", "f"]]
    with pytest.raises(
        DataError,
        match=r"a.jsonl:1: no field body\nthere are: source, target\nName it by source=FIELD, .*data.source=FIELD",
    ):
        texts(path, None, "body")
    for bad, message in (
        ("[]", "not a JSON object"),
        ("{", "not JSON"),
        ('{"source": 1, "target": ""}', "is not a text"),
        ('{"source": "", "target": []}', "is not a text"),
    ):
        with pytest.raises(DataError, match=f"b.jsonl:2: .*{message}"):
            texts(write(tmp_path / "b.jsonl", '{"source": "a", "target": "b"}\n' + bad))
    with pytest.raises(DataError, match="more is not a text"):
        read_pairs(write(tmp_path / "c", '{"text": "", "summary": "", "more": 1}'), None, None, None, "more")


def test_names_that_mean_nothing_are_refused(tmp_path: Path) -> None:
    path, table = write(tmp_path / "a", '{"source": "a", "target": "b"}'), write(tmp_path / "t", "a\tb")
    with pytest.raises(DataError, match="no line has a field refs"):
        read_pairs(path, None, None, None, "refs")
    with pytest.raises(UserError, match=r"references=refs, but .*t is not JSON"):
        read_pairs(table, None, None, None, "refs")
    with pytest.raises(UserError, match="each file has one side"):
        texts(table, table, "1")


def test_empty_lines_and_braces(tmp_path: Path) -> None:
    rows = write(tmp_path / "a", '\n{"source": "a", "target": "b"}\n\n{"source": "c", "target": "d"}\n\n')
    assert texts(rows) == [("a", "b"), ("c", "d")]
    assert texts(write(tmp_path / "b", "{x}\ty\n\n z\t\n")) == [("{x}", "y"), (" z", "")]
    with pytest.raises(DataError, match="c:1: source has a lone surrogate"):
        texts(write(tmp_path / "c", '{"source": "a \\ud83d", "target": "b"}'))
    with pytest.raises(DataError, match="d:1: source is not a text"):
        texts(write(tmp_path / "d", '{"source": ["a", "b"], "target": "b"}'))


def test_bad_lines_are_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"good\tline\nb\xe4d\tline\n")
    with pytest.raises(DataError, match=r"a:2: byte 0xe4"):
        texts(tmp_path / "a")
    with pytest.raises(DataError, match="does not exist"):
        texts(tmp_path / "a", tmp_path / "none")


def sources(path: Path, field: str | None) -> tuple[list[tuple[str, str]], list[int | None]]:
    bad: list[DataError] = []
    found = [(pair["id"], pair["source"]) for pair in read_sources(str(path), field, bad.append)]
    return found, [error.line for error in bad]


def test_sources(tmp_path: Path) -> None:
    plain = write(tmp_path / "a", "{one} of\ttwo\n\n{last}\n")
    assert sources(plain, None) == ([("1", "{one} of\ttwo"), ("2", ""), ("3", "{last}")], [])
    rows = write(tmp_path / "b", '\n{"id": "x", "body": "a"}\n{"body": 3}\n{"bo\n{"body": "b"}\n')
    assert sources(rows, "body") == ([("1", ""), ("x", "a"), ("5", "b")], [3, 4])
    (tmp_path / "c").write_bytes(b"a\n\xe4\nb\n")
    assert sources(tmp_path / "c", None) == ([("1", "a"), ("3", "b")], [2])


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.tsv", "source\ttarget\nJa.\tYes.\n"),
        ("a.tsv", "Target\tSource\nYes.\tJa.\n"),
        ("a.tsv", "Deutsch\tEnglish\nJa.\tYes.\n"),
        ("a.tsv", "de\ten\nJa.\tYes.\n"),
        ("a.csv", "Ja.,Yes.\n"),
        ("a.csv", "document;summary\nJa.;Yes.\n"),
        ("a.json", '[{"source": "Ja.", "target": "Yes."}]'),
    ],
)
def test_tables_and_arrays(name: str, content: str, tmp_path: Path) -> None:
    assert texts(write(tmp_path / name, content)) == [("Ja.", "Yes.")]


def test_columns_of_a_header_by_name(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", "nr\tdeutsch\tenglisch\n1\tJa.\tYes.\n")
    assert texts(path, None, "deutsch", "englisch") == [("Ja.", "Yes.")]


def test_a_tab_in_a_text_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a.tsv:2: 3 cells\nthe first row has 2"):
        texts(write(tmp_path / "a.tsv", "a\tb\nc\td\te\n"))


def predicted(path: Path, trained: FileLayout | None, source: str | None = None) -> list[str] | None:
    """The sources of a file by the layout of a training; None: its lines are the sources."""
    layout = detect_source_layout(str(path), trained, source)
    return layout and [pair["source"] for pair in read_parallel(str(path), None, layout)]


def test_sources_are_read_as_in_the_training(tmp_path: Path) -> None:
    pairs, plain = write(tmp_path / "p.tsv", "Ja.\tYes.\nNein.\tNo.\n"), write(tmp_path / "p.txt", "Ja, ja.\nNein.\n")
    named = write(tmp_path / "n.tsv", "target\tsource\nYes.\tJa.\n")
    by_number = detect_pair_layout(str(pairs), None, FileLayout())
    by_name = detect_pair_layout(str(named), None, FileLayout())
    assert predicted(pairs, by_number) == ["Ja.", "Nein."] and predicted(plain, by_number) is None
    assert predicted(named, by_name) == ["Ja."]
    with pytest.raises(DataError, match="no column 'source'"):
        predicted(pairs, by_name)
    side_by_side = FileLayout(format="lines")
    assert predicted(write(tmp_path / "t.txt", "a\tb\n"), side_by_side) is None
    assert predicted(pairs, side_by_side, "1") == ["Yes.", "No."], "source= has an effect"
    assert predicted(named, None, "target") == ["Yes."]
    rows = write(tmp_path / "a.jsonl", '{"source": "Ja."}\n')
    layout = detect_source_layout(str(rows), by_name, None)
    assert layout is not None and layout.format == "json-lines"


@pytest.mark.parametrize(
    ("content", "names", "is_guess"),
    [
        ("English words/sentences,German words/sentences\nGo.,Geh.\n", None, True),
        ("Text English,Text Deutsch\nGo.,Geh.\n", None, True),
        ("en_text,de_text\nGo.,Geh.\n", None, True),
        ("en-US,de-DE\nGo.,Geh.\n", None, True),
        ("Source sentence,Target sentence\nGo.,Geh.\n", None, True),
        ("input_text,target_text\nGo.,Geh.\n", None, True),
        ("anfang,ende\n" + "So we go.,Ja.\n" * 5, None, True),
        ("id,en,de\n1,Go.,Geh.\n", ("en", "de"), True),
        (",de,en\n0,Geh.,Go.\n", ("de", "en"), True),
        ("id,source,target\n1,Go.,Geh.\n", ("source", "target"), False),
    ],
)
def test_headers_that_people_write(content: str, names: tuple[str, str] | None, is_guess: bool, tmp_path: Path) -> None:
    layout = detect_pair_layout(str(write(tmp_path / "a.csv", content)), None, FileLayout())
    first = content.partition("\n")[0].split(",")
    assert layout.header and tuple(layout.columns.values()) == (names or tuple(first))
    assert bool(layout.guesses) == is_guess and ("data." in layout.describe()) == is_guess


@pytest.mark.parametrize(
    "content", ["It is.\tEs ist.\n", "No.\tNein.\n", "Go\tGeh\n", "he is it\tes ist es\n", "Go\tGeh\n" * 9]
)
def test_pairs_that_are_no_header(content: str, tmp_path: Path) -> None:
    layout = detect_pair_layout(str(write(tmp_path / "a.tsv", content)), None, FileLayout())
    assert layout.header is False and layout.columns == {"source": "0", "target": "1"}


@pytest.mark.parametrize(
    "content",
    [
        "1\tGo.\tGeh.\n2\tHi.\tHallo.\n",
        "0.9\tGo.\tGeh.\n",
        "7\tGo.\t9\tGeh.\n",
        "Go.\tGeh.\tCC-BY 2.0 Attribution: me\n",
        "nr\tanfang\tende\n1\tGo.\tGeh.\n",
    ],
)
def test_more_columns_than_two_are_refused(content: str, tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv", content)
    with pytest.raises(DataError, match=r"(?s)columns, and none is known.*\|.*source=COLUMN and target=COLUMN.*data\."):
        texts(path)
    assert texts(path, None, "0", "1") and texts(path, None, "1", "2")


def test_a_named_column_of_two_leaves_the_other(tmp_path: Path) -> None:
    assert texts(write(tmp_path / "a.tsv", "Geh.\tGo.\n"), None, "1") == [("Go.", "Geh.")]
    assert texts(write(tmp_path / "b.tsv", "Geh.\tGo.\t\n")) == [("Geh.", "Go.")], "an empty column"


def test_sources_are_read_with_the_separator_of_the_training(tmp_path: Path) -> None:
    pairs = write(tmp_path / "p.csv", "I came, I saw;Veni, vidi\nSo, so;Sic, sic\n")
    trained = detect_pair_layout(str(pairs), None, FileLayout(separator="semicolon"))
    sources = ["I came, I saw", "So, so"]
    assert predicted(pairs, trained) == sources
    assert predicted(pairs, trained, "1") == ["Veni, vidi", "Sic, sic"]
    assert predicted(write(tmp_path / "p.txt", pairs.read_text()), trained) == sources
    assert predicted(write(tmp_path / "one.txt", "I came; I saw\n"), trained) is None
    assert predicted(write(tmp_path / "alone.csv", "I came, I saw\nSo, so\n"), trained) is None, "each line is one"
    assert predicted(write(tmp_path / "quoted.csv", '"I came, I saw"\n"So, so"\n'), trained) == sources


def test_a_training_on_tabs_reads_pairs_of_csv(tmp_path: Path) -> None:
    trained = detect_pair_layout(str(write(tmp_path / "a.tsv", "Go.\tGeh.\n")), None, FileLayout())
    assert predicted(write(tmp_path / "a.csv", "Go.,Geh.\n"), trained) == ["Go."]
