"""The `export` command: wrong arguments, and the missing extra."""

import sys
from pathlib import Path

import pytest

from grunlp import export
from tests.conftest import Call
from tests.exporting.untrained_run import made


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("run") / "run", "model.decoder=crf")


def test_export_refuses_wrong_arguments(run: Path, tmp_path: Path, call: Call) -> None:
    new = f"out={tmp_path}/new"
    for arguments, message in (
        ([new], "no run="),
        ([f"run={run}"], "no out="),
        ([f"run={run}", f"out={run}"], "nothing is overwritten"),
        ([f"run={run}", new, "to=tflite"], "onnx, pt2"),
        ([f"run={run}", new, "to=pt2", "int8=true"], "only ONNX graphs"),
        ([f"run={tmp_path}", new], "not a finished run"),
        ([f"run={run}", new, "int=true"], "Did you mean int8"),
    ):
        status, _, err = call(export.main, *arguments)
        assert status == 2 and message in err and "Traceback" not in err, err
    assert not (tmp_path / "new").exists()


def test_export_without_the_extra_says_what_to_install(
    run: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    status, _, err = call(export.main, f"run={run}", f"out={tmp_path}/out")
    assert status == 2 and "pip install 'grunlp[onnx]'" in err
