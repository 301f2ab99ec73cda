"""Export folders: complete, verified, and answering without grunlp and PyTorch."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from grunlp.exporting import export_folder as exporting
from grunlp.exporting.export_folder import export_folder, get_export_format
from grunlp.exporting.exporter import ModelExporter
from grunlp.tasks.srl import SPEC
from grunlp.utils.errors import UserError
from tests.conftest import Call
from tests.exporting.untrained_run import made
from tests.utils.test_atomic_io import limited

FEW: dict[str, Any] = {"batch_sizes": (1, 3), "lengths": (1, 2, 9)}
ALONE = """
import runpy, sys
class Barred:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in BARRED:
            raise ImportError(name)
sys.meta_path.insert(0, Barred())
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def make_exporter(run: Path) -> ModelExporter:
    return SPEC.make_exporter(SPEC.load_trained(run))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return made(tmp_path_factory.mktemp("run") / "run", "model.decoder=crf")


@pytest.fixture(scope="module")
def out(run: Path, slow: None) -> Path:
    export_folder(make_exporter(run), get_export_format("onnx"), run.parent / "out", **FEW)
    return run.parent / "out"


def answers(script: Path, lines: list[str], barred: tuple[str, ...] = ("torch", "grunlp")) -> list[dict[str, Any]]:
    """Of a script for which some packages cannot be imported."""
    command = [sys.executable, "-c", ALONE.replace("BARRED", str(barred)), str(script)]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    text = "".join(f"{line}\n" for line in lines)
    done = subprocess.run(command, input=text, capture_output=True, text=True, cwd=script.parent, env=environment)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_answers_alone_as_predict_does(run: Path, out: Path, call: Call) -> None:
    lines = ["Anna sees the cat. The dog takes bread?", "", "Takees takees takees", "  odd \U0001f600 zzz's "]
    (run.parent / "lines.txt").write_text("".join(f"{line}\n" for line in lines))
    from grunlp import predict

    status, told, err = call(predict.main, f"run={run}", f"input={run.parent}/lines.txt", "format=raw")
    assert status == 0, err
    expected = [json.loads(line) for line in told.splitlines()]
    found = answers(out / "run_onnx.py", lines)
    assert found == expected and sum(len(one["frames"]) for one in found) > 1
    assert found[0]["frames"][0]["arguments"] or found[1]["frames"], "something is labelled"
    assert "take" in {frame["lemma"] for one in found for frame in one["frames"] if frame["predicate"] == "takees"}
    (words,) = answers(out / "run_onnx.py", [json.dumps({"words": ["Anna", "sees", "."]})])
    assert words["words"] == ["Anna", "sees", "."] and "offsets" not in words


def test_the_folder_is_complete(out: Path) -> None:
    assert {path.name for path in out.iterdir()} == {
        "manifest.json", "model.json", "predicates.onnx", "run_onnx.py", "sentences.onnx",
    }  # fmt: skip
    manifest = json.loads((out / "manifest.json").read_text())
    assert (manifest["kind"], manifest["opset"]) == ("labeller", 18)
    for graph in manifest["graphs"]:
        model = onnx.load(out / graph["file"])
        assert [one.name for one in model.graph.input] == list(graph["inputs"])
        assert [one.name for one in model.graph.output] == graph["outputs"]
        assert "GRU" in {node.op_type for node in model.graph.node} and model.opset_import[0].version == 18


def tampered(name: str, change: float, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Add to the greatest initializer of a graph once it is written."""
    form = get_export_format("onnx")

    def save(program: Any, path: Path, graph: Any) -> None:
        form.save(program, path, graph)
        if graph.name == name:
            model = onnx.load(path)
            weights = max(model.graph.initializer, key=lambda one: np.prod(one.dims))
            array = onnx.numpy_helper.to_array(weights) + np.float32(change)
            weights.CopyFrom(onnx.numpy_helper.from_array(array, weights.name))
            onnx.save(model, path)

    monkeypatch.setattr(exporting, "get_export_format", lambda _: form._replace(save=save))
    yield


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sentences", "predicates"])
def test_a_tampered_graph_is_refused(run: Path, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in tampered(name, 0.01, monkeypatch):
        with pytest.raises(UserError, match=rf"the graph {name} differs by .*(?s:.)*in a batch of 1"):
            export_folder(make_exporter(run), exporting.get_export_format("onnx"), tmp_path / "out", **FEW)
    assert not list(tmp_path.iterdir()), "nothing is left behind"


@pytest.mark.slow
def test_a_script_that_answers_otherwise_is_refused(run: Path, tmp_path: Path) -> None:
    exportable = make_exporter(run)
    exportable.model["tags"] = [tag.replace("ARG0", "ARG9") for tag in exportable.model["tags"]]
    with pytest.raises(UserError, match=r"run_onnx.py answers differently: answer\.frames"):
        export_folder(exportable, get_export_format("onnx"), tmp_path / "out", **FEW)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("to", ["onnx", "pt2"])
def test_a_full_disk(run: Path, to: str, tmp_path: Path) -> None:
    def export_it() -> None:
        with pytest.raises(UserError, match=rf"cannot write {tmp_path}/out: File too large"):
            export_folder(make_exporter(run), get_export_format(to), tmp_path / "out", **FEW)

    limited(export_it)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
@pytest.mark.parametrize("names", [(), ("notes.txt",)], ids=["empty", "filled"])
def test_what_appears_meanwhile_is_kept(run: Path, names: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "out"

    def appear(folder: Path) -> None:
        out.mkdir()
        for name in names:
            (out / name).write_text("mine")

    with pytest.raises(UserError, match="nothing is overwritten"):
        export_folder(make_exporter(run), get_export_format("onnx"), out, postprocess=appear, **FEW)
    assert list(tmp_path.iterdir()) == [out] and tuple(file.name for file in out.iterdir()) == names


@pytest.mark.slow
def test_pt2_answers_without_grunlp(run: Path, tmp_path: Path) -> None:
    out, form = tmp_path / "out", get_export_format("pt2")
    proof = export_folder(make_exporter(run), form, out, batch_sizes=(2,), lengths=(5,))
    assert proof.num_answers == 2 and max(proof.max_abs_diff.values()) < 1e-4
    (found,) = answers(tmp_path / "out/run_pt2.py", ["Anna sees the cat."], barred=("grunlp",))
    assert found["words"] == ["Anna", "sees", "the", "cat", "."]
