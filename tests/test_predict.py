"""The `predict` command: raw text, files, one text for people, and output files."""

import gzip
import json
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from grunlp import predict
from tests.conftest import Call, assert_refused
from tests.tasks.conftest import runs  # noqa: F401

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = {
    "tagger": (["Ann gave it. Bob took it."], "svg.arcs", 2),
    "classifier": (["it was good"], "table.classes", 1),
    "writer": (["a dog", "output_format=json"], "svg.map", 1),
    "language-model": (["the", "length=8"], "p.continued", 1),
    "forecaster": ([], "svg.plot", 1),
}


def test_raw_text_with_offsets(trained: Path, call: Call) -> None:
    text = "Anna sees cat dog.  Anna sees Anna dog.\n\n🎉\n"
    (trained / "raw.txt").write_text(text)
    status, out, err = call(predict.main, f"run={trained}/run", f"input={trained}/raw.txt")
    records = [json.loads(line) for line in out.splitlines()]
    assert status == 0 and "raw text" in err
    assert [record["id"] for record in records] == ["line-1", "line-1.2", "line-2", "line-3"]
    assert [len(record["frames"]) for record in records][:3] == [1, 1, 0] and records[2]["words"] == []
    for record in records:
        line = text.splitlines()[record["line"] - 1]
        assert line[record["start_char"] :].startswith(record["text"])
        assert [record["text"][start:end] for start, end in record["offsets"]] == record["words"]
        for frame in record["frames"] if "Anna" in line else ():
            assert record["text"][frame["start_char"] : frame["end_char"]] == frame["predicate"] == "sees"
            assert {a["role"] for a in frame["arguments"]} == {"ARG0", "ARG1"}
            for argument in frame["arguments"]:
                assert record["text"][argument["start_char"] : argument["end_char"]] == argument["text"]
    assert all(record["frames"][0]["roleset"] in ("see.01", "see.02") for record in records[:2])


def test_a_text_on_the_command_line_for_people(trained: Path, call: Call) -> None:
    status, out, _ = call(predict.main, f"run={trained}/run", "output_format=text", "Anna sees bread dog. .")
    assert status == 0
    assert [line.split() for line in out.replace("see.02", "see.01").splitlines()] == [
        ["Anna", "sees", "bread", "dog."],
        ["sees", "see.01"],
        ["ARG0", "Anna", "agent"],
        ["ARG1", "bread", "dog", "patient", "or", "theme"],
        [],
        ["."],
        ["no", "predicate"],
        [],
    ]


@pytest.mark.parametrize("words", [["Anna", "sees", "cat", "dog"], ["Anna sees x=3 dog"], ["Anna sees", "cat dog"]])
def test_words_of_the_command_line_are_a_text(trained: Path, call: Call, words: list[str]) -> None:
    status, out, _ = call(predict.main, f"run={trained}/run", "output_format=json", *words)
    record = json.loads(out)
    assert status == 0 and record["text"] == " ".join(words) and record["frames"][0]["predicate"] == "sees"


def test_standard_input_and_a_pipe_that_closes(trained: Path) -> None:
    lines = "printf 'Anna sees cat dog .\\n%.0s' $(seq 300)"
    command = f"{lines} | {sys.executable} -m grunlp.predict run={trained}/run | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True)
    assert json.loads(done.stdout)["frames"][0]["predicate"] == "sees"
    assert all(line.startswith(("standard input: ", "recurrence: ")) for line in done.stderr.splitlines())


def test_bad_lines_are_named_and_the_rest_goes_on(trained: Path, call: Call) -> None:
    good = json.dumps(
        {"words": ["Anna", "sees", "cat", "dog"], "frames": [{"index": 1, "tags": ["O", "B-V", "O", "O"]}]}
    )
    (trained / "bad.jsonl").write_text(f"{good}\nnot json\n{good}\n" + '{"words": 3}\n')
    status, out, err = call(predict.main, f"run={trained}/run", f"input={trained}/bad.jsonl", "format=json-lines")
    assert status == 1 and len(out.splitlines()) == 2
    assert "bad.jsonl:2: " in err and "bad.jsonl:4: " in err and err.count("skipped ") == 2


def test_text_that_begins_with_numbers_is_text(trained: Path, call: Call) -> None:
    (trained / "numbers.txt").write_text("10 dogs sees cat dog\n12 dogs sees cat dog\n")
    status, out, err = call(predict.main, f"run={trained}/run", f"input={trained}/numbers.txt")
    assert status == 0 and "raw text" in err and len(out.splitlines()) == 2


def test_a_failed_prediction_leaves_no_file(trained: Path, call: Call, tmp_path: Path) -> None:
    output = tmp_path / "out.jsonl"
    assert call(predict.main, f"run={trained}/run", "input=nowhere", f"output={output}")[0] == 2
    (tmp_path / "empty").write_text("")
    assert call(predict.main, f"run={trained}/run", f"input={tmp_path}/empty", f"output={output}")[0] == 2
    cut = gzip.compress("".join(f"Anna sees cat dog {n} .\n" for n in range(9000)).encode())[:-2000]
    (tmp_path / "cut.gz").write_bytes(cut)
    arguments = [f"input={tmp_path}/cut.gz", f"output={output}", "format=raw"]
    assert call(predict.main, f"run={trained}/run", *arguments)[0] == 2, "it fails in the middle of its work"
    assert {path.name for path in tmp_path.iterdir()} == {"empty", "cut.gz"}


def test_output_file_is_not_overwritten(trained: Path, call: Call, tmp_path: Path) -> None:
    arguments = [f"run={trained}/run", f"input={trained}/test.conll", f"output={tmp_path}/out.jsonl"]
    assert call(predict.main, *arguments)[0] == 0
    before = (tmp_path / "out.jsonl").read_text()
    status, _, err = call(predict.main, *arguments)
    assert status == 2 and "nothing is overwritten" in err and (tmp_path / "out.jsonl").read_text() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a text", "input=x"], "only one of the two can be"),
        (["rnu=x"], "Did you mean run?"),
        (["--verbose"], "no such option"),
    ],
)
def test_predict_refuses_wrong_arguments(call: Call, arguments: list[str], message: str) -> None:
    assert_refused(call(predict.main, *arguments), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a text", "run={}/run", "predicates=gold"], "raw text has no marked predicates"),
        (["{}/train.out"], "Type input="),
        (["run={}/run", "input=nowhere"], "does not exist"),
        (["run={}/run", "input={}"], "is a directory"),
        (["run={}/run", "format=colums", "input={}/test.conll"], "columns"),
        (["run={}/run", "output={}/no/where.jsonl"], "there is no folder"),
    ],
)
def test_predict_refuses_wrong_arguments_of_a_run(
    trained: Path, call: Call, arguments: list[str], message: str
) -> None:
    assert_refused(call(predict.main, *(argument.format(trained) for argument in arguments)), message)


def body_of(path: Path) -> ElementTree.Element:
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", page.replace("xmlns", ""))  # complete in itself
    main = page[page.index("<main>") : page.index("</main>") + len("</main>")]
    return ElementTree.fromstring(main)


def test_the_html_report_shows_frames(tmp_path: Path, call: Call) -> None:
    text = "She gave him a <b>book</b>. Did he read it?"
    plain = call(predict.main, text, "output_format=json")
    assert call(predict.main, text, "output_format=json", f"html_report={tmp_path}/page.html")[:2] == plain[:2]
    figures = list(body_of(tmp_path / "page.html").iter("figure"))
    assert len(figures) == 2 and "give.01" in "".join(figures[0].itertext())
    words = [word.text for word in figures[0].iter(f"{SVG}text") if "word" in word.get("class", "").split()]
    assert words[:5] == ["She", "gave", "him", "a", "<"]
    assert "function pick(" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("kind", SHOWN)
def test_the_html_report_of_each_task(tmp_path: Path, call: Call, runs: dict[str, Path], kind: str) -> None:  # noqa: F811
    arguments, drawing, count = SHOWN[kind]
    name, _, word = drawing.partition(".")
    plain = call(predict.main, f"run={runs[kind]}", *arguments)
    assert call(predict.main, f"run={runs[kind]}", *arguments, f"html_report={tmp_path}/page.html")[:2] == plain[:2]
    assert plain[0] == 0 and plain[1]
    root = body_of(tmp_path / "page.html")
    found = [one for one in root.iter() if one.tag.removeprefix(SVG) == name and one.get("class") == word]
    assert len(found) == count


def test_the_html_report_of_measurements(tmp_path: Path, call: Call, runs: dict[str, Path]) -> None:  # noqa: F811
    np.savez(tmp_path / "some.npz", x=np.zeros((3, 5, 2), dtype=np.float32))
    status, *_ = call(
        predict.main, f"run={runs['measured']}", f"input={tmp_path}/some.npz", f"html_report={tmp_path}/p.html"
    )
    assert status == 0 and len(list(body_of(tmp_path / "p.html").iter("table"))) == 3


def test_html_reports_are_not_overwritten(tmp_path: Path, call: Call, runs: dict[str, Path]) -> None:  # noqa: F811
    (tmp_path / "old").write_text("mine")
    for run in ("default", runs["classifier"], runs["writer"], runs["language-model"]):
        for given, said in (
            ([f"html_report={tmp_path}/old"], "nothing is overwritten"),
            (["html_report=-"], "Type html_report=FILE.html"),
            ([f"html_report={tmp_path}/new", f"output={tmp_path}/new"], "Use two files."),
            ([f"html_report={tmp_path}/no/new"], "Create the folder"),
        ):
            status, out, err = call(predict.main, f"run={run}", "a text", *given)
            assert (status, out) == (2, "") and said in err
    assert [path.name for path in tmp_path.iterdir()] == ["old"] and (tmp_path / "old").read_text() == "mine"
