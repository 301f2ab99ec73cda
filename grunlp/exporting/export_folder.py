"""The folder of an export: graphs, what a script reads beside them, and the script; whole or not at all."""

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.export import ExportedProgram

from grunlp.configuration.key_value_args import require_empty_dir
from grunlp.exporting.exporter import GraphRunner, ModelExporter
from grunlp.exporting.script_bundler import bundle_script
from grunlp.exporting.trace import Graph, trace
from grunlp.exporting.traceable_rnn import LayerFactory, ScanLayer
from grunlp.exporting.verification import BATCH_SIZES, LENGTHS, VerificationReport, verify
from grunlp.utils.atomic_io import translate_os_errors
from grunlp.utils.errors import UserError

_ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


class ExportFormat(NamedTuple):
    """A format of graphs.

    make_layer: what recurrent layers become.
    save: writes a program.
    script_name: name of the script.
    session_module: the module of `grunlp.exporting.runtime` that runs such graphs.
    requirements: packages that the script needs beside numpy.
    opset: the version of ONNX' operators, or None.
    """

    make_layer: LayerFactory
    save: Callable[[ExportedProgram, Path, Graph], None]
    suffix: str
    script_name: str
    session_module: str
    requirements: tuple[str, ...]
    opset: int | None


def get_export_format(name: str) -> ExportFormat:
    """The format that a user asks for. Raises UserError where a package is missing."""
    if name == "pt2":
        from torch.export import save

        def save_program(program: ExportedProgram, path: Path, graph: Graph) -> None:
            content = io.BytesIO()  # torch's own way into a file says nothing plain of a full disk
            save(program, content)
            path.write_bytes(content.getbuffer())

        return ExportFormat(ScanLayer, save_program, ".pt2", "run_pt2.py", "pt2_session", ("torch",), None)
    if missing := [name for name in _ONNX_PACKAGES if find_spec(name) is None]:
        there = f"{', '.join(missing)}: not installed"
        raise UserError("to=onnx", there, "Type pip install 'grunlp[onnx]', or to=pt2")
    from grunlp.exporting.onnx_backend import OPSET, OnnxRNNNode, save_onnx

    return ExportFormat(OnnxRNNNode, save_onnx, ".onnx", "run_onnx.py", "onnx_session", ("onnxruntime",), OPSET)


def open_session(export_format: ExportFormat, folder: Path) -> GraphRunner:
    """The graphs in a folder, as the script runs them."""
    graphs: GraphRunner = import_module(f"grunlp.exporting.runtime.{export_format.session_module}").Graphs(folder)
    return graphs


def export_folder(
    exporter: ModelExporter,
    export_format: ExportFormat,
    out: Path,
    *,
    postprocess: Callable[[Path], None] | None = None,
    rows: Sequence[int] = BATCH_SIZES,
    lengths: Sequence[int] = LENGTHS,
) -> VerificationReport:
    """Export, prove and only then put the folder where it is wanted.

    Args:
        exporter: the network.
        export_format: of its graphs.
        out: a folder that is not there yet.
        postprocess: what is done to the folder once it is proved, such as making its weights smaller; None: nothing.
        rows, lengths: of the batches of the proof.

    Raises:
        UserError: `out` is there, by the end too, or cannot be written; the proof fails.
    """
    require_empty_dir("out", out)
    with translate_os_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as made:
            folder = Path(made) / out.name
            folder.mkdir()
            _write_graphs(exporter, export_format, folder)
            _write_script(exporter, export_format, folder)
            proof = verify(
                exporter, open_session(export_format, folder), folder / export_format.script_name, rows, lengths
            )
            if postprocess is not None:
                postprocess(folder)
            _write_manifest(exporter, export_format, folder, proof, postprocess is not None)
            require_empty_dir("out", out)  # the system would replace a folder that is empty
            folder.rename(out)
    return proof


def _write_graphs(exporter: ModelExporter, export_format: ExportFormat, folder: Path) -> None:
    random = np.random.default_rng(0)
    least = exporter.min_length
    inputs = exporter.inputs(exporter.random_examples([3 * least + 2, 3 * least, 2 * least], random))
    for graph, some in zip(exporter.graphs, inputs, strict=True):
        assert some is not None
        export_format.save(
            trace(graph, some, export_format.make_layer), folder / f"{graph.name}{export_format.suffix}", graph
        )


def _write_script(exporter: ModelExporter, export_format: ExportFormat, folder: Path) -> None:
    """The script and what it reads."""
    needs = ", ".join(("numpy", *export_format.requirements, *(("tokenizers",) if exporter.files else ())))
    said = f"Each line of standard input is {exporter.input_description}. Needs {needs}."
    settings = "".join(f" [{name}={value}]" for name, value in exporter.model["settings"].items())
    title = f"python {export_format.script_name}{settings} < LINES > ANSWERS: a {exporter.kind} of grunlp.\n\n{said}\n"
    (folder / export_format.script_name).write_text(
        bundle_script(export_format.session_module, exporter.script_modules, title), encoding="utf-8"
    )
    (folder / "model.json").write_text(json.dumps(exporter.model, ensure_ascii=False), encoding="utf-8")
    for name, file in exporter.files.items():
        shutil.copyfile(file, folder / name)


def _write_manifest(
    exporter: ModelExporter, export_format: ExportFormat, folder: Path, report: VerificationReport, postprocessed: bool
) -> None:
    def described(graph: Graph) -> dict[str, Any]:
        inputs = {name: list(axes) for name, axes in graph.inputs.items()}
        return {"file": f"{graph.name}{export_format.suffix}", "inputs": inputs, "outputs": list(graph.outputs)}

    content = {
        "kind": exporter.kind,
        "recipe": exporter.recipe,
        "grunlp": version("grunlp"),
        "format": export_format.suffix[1:],
        "opset": export_format.opset,
        "graphs": [described(graph) for graph in exporter.graphs],
        "script": export_format.script_name,
        "takes": exporter.input_description,
        "limits": {
            "free sizes": "axes named by letters, at least 1; where they have the same letter, the same",
            "least steps": exporter.min_length,
            "proved": "batches of 1, 2 and 7, of up to 80 steps"
            + (", before weights became 8 bits" if postprocessed else ""),
            "worst difference": report.max_abs_diff,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
