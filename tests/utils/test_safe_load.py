"""JSON and YAML of run folders: what is refused, and that nothing is executed, looked up or unfolded."""

import os
from pathlib import Path

import pytest

from grunlp.utils.errors import DataError
from grunlp.utils.safe_load import MAX_DEPTH, forbid_external_symlinks, read_json, read_text, read_yaml

BOMB = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: 1\na: 2", "occurs twice"),
        ("g: {a: 1, a: 2}", "occurs twice"),
        ("a: ${oc.env:HOME}", "refers to another value"),
        ("a: [1, '${b}']", "refers to another value"),
        (BOMB, "anchors or tags"),
        ("a: !!python/object/apply:os.system [touch hacked]", "anchors or tags"),
        ("a: !!binary aGk=", "anchors or tags"),
        ("<<: {a: 1}", "merges"),
        ("1: 2", "not a valid key"),
        ("[1]: 2", "not a string"),
        ("a: [1", "not a configuration"),
        ("[]", "no keys"),
        ("a: " + "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too deep"),
        ("a: " + "[" * 400_000 + "]" * 400_000, "too deep"),
        ("a: " + "9" * 5000, "not a configuration"),
        ("a: =", "not a configuration"),
        ("a: " + "x" * 2**20, "too large"),
    ],
)
def test_yaml_refused(tmp_path: Path, text: str, message: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    with pytest.raises(DataError, match=message):
        read_yaml(file)
    assert [path.name for path in tmp_path.iterdir()] == ["config.yaml"]


def test_yaml_read(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("a: 2020-01-01\nb: {c: 1.0e-05, d: null, e: true}\nf: ['$x', {g: 1}]\n")
    expected = {"a": "2020-01-01", "b": {"c": 1e-05, "d": None, "e": True}, "f": ["$x", {"g": 1}]}
    assert read_yaml(tmp_path / "a") == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "a": 2}', "occurs twice"),
        ('{"a": NaN}', "NaN is not a number"),
        ('{"a": -Infinity}', "not a number"),
        ("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "too deep"),
        ("[" * 100_000 + "]" * 100_000, "not a JSON"),
        ('"\\ud800"', "surrogates not allowed"),
        ("9" * 5000, "not a JSON"),
        ("{", "not a JSON"),
        ('"' + "x" * 200 + '"', "too large"),
    ],
)
def test_json_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_json(tmp_path / "a.json", max_bytes=100 if "large" in message else 10**6)


def test_json_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": ["\\ud83d\\ude00", NaN]}')
    assert read_json(tmp_path / "a.json", require_finite=False)["a"][0] == "😀"


def test_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff")
    for file, message in ((tmp_path / "a", "not UTF-8"), (tmp_path / "b", "cannot be read"), (tmp_path, "cannot")):
        with pytest.raises(DataError, match=message):
            read_text(file, 10)


def test_links(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    (run / "encoder").mkdir(parents=True)
    other.write_text("mine")
    (run / "a").write_text("")
    (run / "b").symlink_to("a")
    (run / "encoder/c").symlink_to("../a")
    (tmp_path / "link").symlink_to("run")
    forbid_external_symlinks(run)
    forbid_external_symlinks(tmp_path / "link")
    for place, target in (("metrics.json", other), ("encoder/config.json", "../../other"), ("logs", "..")):
        (run / place).symlink_to(target)
        with pytest.raises(DataError, match="leads out of the run folder"):
            forbid_external_symlinks(run)
        (run / place).unlink()
    os.mkfifo(run / "pipe")
    with pytest.raises(DataError, match="neither a file nor a folder"):
        forbid_external_symlinks(run)
