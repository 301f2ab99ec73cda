"""`predict html=FILE`: beside what it prints, a page of it."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from grunlp import predict
from tests.conftest import Call
from tests.tasks.conftest import runs  # noqa: F401

SVG = "{http://www.w3.org/2000/svg}"
SHOWN = {
    "tagger": (["Ann gave it. Bob took it."], "svg.arcs", 2),
    "classifier": (["it was good"], "table.classes", 1),
    "writer": (["a dog", "output_format=json"], "svg.map", 1),
    "language-model": (["the", "length=8"], "p.continued", 1),
    "forecaster": ([], "svg.plot", 1),
}


def body_of(path: Path) -> ElementTree.Element:
    page = path.read_text(encoding="utf-8")
    assert not re.search(r"(src|href)=", page.replace("xmlns", ""))  # complete in itself
    main = page[page.index("<main>") : page.index("</main>") + len("</main>")]
    return ElementTree.fromstring(main)


def test_frames(tmp_path: Path, call: Call) -> None:
    text = "She gave him a <b>book</b>. Did he read it?"
    plain = call(predict.main, text, "output_format=json")
    assert call(predict.main, text, "output_format=json", f"html_report={tmp_path}/page.html")[:2] == plain[:2]
    figures = list(body_of(tmp_path / "page.html").iter("figure"))
    assert len(figures) == 2 and "give.01" in "".join(figures[0].itertext())
    words = [word.text for word in figures[0].iter(f"{SVG}text") if "word" in word.get("class", "").split()]
    assert words[:5] == ["She", "gave", "him", "a", "<"]
    assert "function pick(" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("kind", SHOWN)
def test_other_kinds(tmp_path: Path, call: Call, runs: dict[str, Path], kind: str) -> None:  # noqa: F811
    arguments, drawing, count = SHOWN[kind]
    name, _, word = drawing.partition(".")
    plain = call(predict.main, f"run={runs[kind]}", *arguments)
    assert call(predict.main, f"run={runs[kind]}", *arguments, f"html_report={tmp_path}/page.html")[:2] == plain[:2]
    assert plain[0] == 0 and plain[1]
    root = body_of(tmp_path / "page.html")
    found = [one for one in root.iter() if one.tag.removeprefix(SVG) == name and one.get("class") == word]
    assert len(found) == count


def test_measurements(tmp_path: Path, call: Call, runs: dict[str, Path]) -> None:  # noqa: F811
    np.savez(tmp_path / "some.npz", x=np.zeros((3, 5, 2), dtype=np.float32))
    status, *_ = call(
        predict.main, f"run={runs['measured']}", f"input={tmp_path}/some.npz", f"html_report={tmp_path}/p.html"
    )
    assert status == 0 and len(list(body_of(tmp_path / "p.html").iter("table"))) == 3


def test_nothing_is_overwritten(tmp_path: Path, call: Call, runs: dict[str, Path]) -> None:  # noqa: F811
    (tmp_path / "old").write_text("mine")
    for run in ("default", runs["classifier"], runs["writer"], runs["language-model"]):
        for given, said in (
            ([f"html_report={tmp_path}/old"], "nothing is overwritten"),
            (["html_report=-"], "Type html=FILE.html"),
            ([f"html_report={tmp_path}/new", f"output={tmp_path}/new"], "Name two files."),
            ([f"html_report={tmp_path}/no/new"], "Make the folder"),
        ):
            status, out, err = call(predict.main, f"run={run}", "a text", *given)
            assert (status, out) == (2, "") and said in err
    assert [path.name for path in tmp_path.iterdir()] == ["old"] and (tmp_path / "old").read_text() == "mine"
