"""Exports as a user meets them: folders that answer without grunlp and Torch, and exports that are refused."""

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
import torch

from grunlp import export
from grunlp.data.collate import SRLCollator
from grunlp.exporting import export_folder as exporting
from grunlp.exporting.export_folder import export_folder, get_export_format
from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.runtime.viterbi import ViterbiDecoder
from grunlp.exporting.verification import first_mismatch
from grunlp.runs.layout import save_weights
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl import SPEC
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.utils.errors import UserError
from tests.conftest import Call
from tests.toys import toy_corpus, vocabulary_of
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


def made(path: Path, *form: str) -> Path:
    """A labeller that was never trained, and finds predicates."""
    torch.manual_seed(0)
    config = compose_config(["recipe=srl", "debug=tiny", *form])
    collate = SRLCollator(vocabulary_of(toy_corpus(40)), None)
    model: Any = build_srl_model(config, collate.vocabulary, None)
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    model.predicates[-1].bias.data += 2
    path.mkdir()
    save_config_and_vocab(path, config, collate, None)
    save_weights(path, model.eval())
    return path


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


def test_mistakes(run: Path, out: Path, tmp_path: Path, call: Call) -> None:
    new = f"out={tmp_path}/new"
    for arguments, message in (
        ([new], "no run="),
        ([f"run={run}"], "no out="),
        ([f"run={run}", f"out={out}"], "nothing is overwritten"),
        ([f"run={run}", new, "to=tflite"], "onnx, pt2"),
        ([f"run={run}", new, "to=pt2", "int8=true"], "only ONNX Runtime"),
        ([f"run={tmp_path}", new], "not a finished run"),
        ([f"run={run}", new, "int=true"], "Did you mean int8"),
    ):
        status, _, err = call(export.main, *arguments)
        assert status == 2 and message in err and "Traceback" not in err, err
    assert not (tmp_path / "new").exists()


def test_without_the_extra(run: Path, tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    status, _, err = call(export.main, f"run={run}", f"out={tmp_path}/out")
    assert status == 2 and "pip install 'grunlp[onnx]'" in err


def test_best_tags_are_those_of_viterbi() -> None:
    from grunlp.decoding.viterbi import predicate_tag_mask, viterbi
    from grunlp.exporting.word_inputs import transition_tables

    torch.manual_seed(0)
    tags = ["O", "B-V", "B-A", "I-V", "I-A"]
    for _ in range(50):
        start, moves, end = torch.randn(5), torch.randn(5, 5), torch.randn(5)
        start[3:], moves[[0, 2, 4], 3] = -torch.inf, -torch.inf
        scores, place = torch.randn(1, 6, 5), int(torch.randint(6, ()))
        allowed = predicate_tag_mask(tags, torch.tensor([place]), torch.tensor([6]), 6)
        expected, _ = viterbi(scores, torch.tensor([6]), moves, start, end, allowed)
        found = ViterbiDecoder({"tags": tags, **transition_tables(start, moves, end)}).decode(scores[0].numpy(), place)
        assert found == [tags[k] for k in expected[0].tolist()]


def test_differences_between_answers() -> None:
    assert first_mismatch({"a": [1, 0.5]}, {"a": [1, 0.50001]}) is None
    assert first_mismatch({"a": [1, 0.5]}, {"a": [1, 0.6]}) == "answer.a[1] is 0.5, expected 0.6"
    assert "answer is" in str(first_mismatch({"a": 1}, {"b": 1}))
    assert "answer.a is" in str(first_mismatch({"a": [1]}, {"a": [1, 2]}))
