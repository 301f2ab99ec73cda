"""JSON and YAML of run folders: what is refused, and that nothing is executed, looked up or unfolded."""

import os
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from grunlp.data.vocabulary import Vocabulary
from grunlp.utils import safe_load
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
        ("a: {" + "a," * 40_000 + "}", "more than 65536 keys"),
        ("a: 1" + ":1" * 400_000, "not a configuration"),
        ("a: 1" + ":1" * 400_000 + ".0", "not a configuration"),
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
        ("[" + "{}," * 2**20 + "{}]", "more than"),
        ("[" + "1," * 2**23 + "1,1]", "more than"),
    ],
)
def test_json_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=message):
        read_json(tmp_path / "a.json", max_bytes=100 if "large" in message else 2**26)


def in_linear_time(read: Callable[[], object]) -> None:
    """Quadratic time would be hours."""
    started = time.process_time()
    with pytest.raises(DataError, match="a key occurs twice: 'last'"):
        read()
    assert time.process_time() - started < 5


def test_a_repeated_key_is_found_in_linear_time(tmp_path: Path) -> None:
    keys = [*(f"k{n}" for n in range(500_000)), "last", "last"]
    (tmp_path / "a.json").write_text("{" + ",".join(f'"{key}":0' for key in keys) + "}")
    in_linear_time(lambda: read_json(tmp_path / "a.json"))
    (tmp_path / "a.yaml").write_text("".join(f"{key}: 0\n" for key in keys[-30_000:]))
    in_linear_time(lambda: read_yaml(tmp_path / "a.yaml"))


def test_keys_with_the_same_hash_take_no_quadratic_time(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("".join(f"{n * (2**61 - 1)}: 0\n" for n in range(30_000)))
    started = time.process_time()
    with pytest.raises(DataError, match="not a valid key"):
        read_yaml(tmp_path / "a.yaml")
    assert time.process_time() - started < 2


def test_a_large_table_of_empty_objects_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    (tmp_path / "vocabulary.json").write_bytes(b"[" + b"{}," * 20_000_000 + b"{}]")
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="more than 1048576 objects"):
            Vocabulary.load(tmp_path / "vocabulary.json")
        assert tracemalloc.get_traced_memory()[1] < 2**28, "parsed, it takes more than a gibibyte"
    finally:
        tracemalloc.stop()


def test_json_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"a": ["\\ud83d\\ude00", NaN]}')
    assert read_json(tmp_path / "a.json", require_finite=False)["a"][0] == "😀"


def test_text(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff")
    for file, message in ((tmp_path / "a", "not UTF-8"), (tmp_path / "b", "cannot be read"), (tmp_path, "cannot")):
        with pytest.raises(DataError, match=message):
            read_text(file, 10)


def test_too_many_files_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A link that comes after as many files as are checked is not let through."""
    monkeypatch.setattr(safe_load, "MAX_ENTRIES", 5)
    for name in "abcde":
        (tmp_path / name).write_text("")
    forbid_external_symlinks(tmp_path)
    (tmp_path / "f").symlink_to("/etc/passwd")
    with pytest.raises(DataError, match="too many files for a run folder"):
        forbid_external_symlinks(tmp_path)


def test_a_deep_folder_is_checked_to_its_end(tmp_path: Path) -> None:
    """A recursion would end after a thousand folders."""
    inner, here = tmp_path, os.getcwd()
    try:
        for _ in range(1100):
            os.chdir(inner)
            os.mkdir("d")
            inner = Path("d")
        os.symlink("/etc/passwd", "link")
    finally:
        os.chdir(here)
    with pytest.raises(DataError, match="leads out of the run folder"):
        forbid_external_symlinks(tmp_path)
    subprocess.run(["rm", "-rf", str(tmp_path)], check=True)  # shutil recurses


@pytest.mark.parametrize("place", ["a", "encoder/a"])
def test_a_file_that_is_swapped_after_the_check_is_not_read(tmp_path: Path, place: str) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    (run / "encoder").mkdir(parents=True)
    other.write_text("mine")
    (run / "inner").write_text("inner")
    (run / "a").symlink_to("inner")
    assert read_text(run / "a", 10) == "inner"
    (run / "a").unlink()
    forbid_external_symlinks(run)
    (run / place).symlink_to(other)
    with pytest.raises(DataError, match="leads out of the run folder"):
        read_text(run / place, 10)
    (run / place).unlink()
    os.mkfifo(run / place)
    with pytest.raises(DataError, match="cannot be read: it is not a file"):
        read_text(run / place, 10)


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
