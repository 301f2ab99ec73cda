from pathlib import Path

from grunlp.data.raw import read_raw
from grunlp.errors import DataError


def test_lines_become_examples(tmp_path: Path) -> None:
    path = tmp_path / "raw.txt"
    path.write_bytes(b"She Gave it.\n\nbad \xff byte\nno verb\n")
    errors: list[DataError] = []
    first, empty, last = read_raw(path, {"gave"}, errors.append)
    assert first["words"] == ["She", "Gave", "it", "."] and first["offsets"][1] == (4, 8)
    assert [frame["index"] for frame in first["frames"]] == [1]
    assert first["frames"][0]["tags"] == ["O", "B-V", "O", "O"]
    assert empty["words"] == [] and empty["frames"] == [] and empty["id"] == "line-2"
    assert last["frames"] == []
    assert [error.line for error in errors] == [3]
