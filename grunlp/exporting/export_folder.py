"""The folder of an export: graphs, the script that runs them and its data; writing is all or nothing."""

import io
import json
import shutil
import tempfile
from collections.abc import Callable, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from torch.export import ExportedProgram

from grunlp.configuration.output_paths import require_new_dir
from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.runtime.main import Session
from grunlp.exporting.script_bundler import bundle_script
from grunlp.exporting.trace import Graph, trace
from grunlp.exporting.traceable_rnn import LayerFactory, ScanLayer
from grunlp.exporting.verification import BATCH_SIZES, LENGTHS, VerificationReport, verify
from grunlp.utils.atomic_io import translate_os_errors
from grunlp.utils.errors import UserError

_ONNX_PACKAGES = ("onnx", "onnxruntime", "onnxscript")


class ExportFormat(NamedTuple):
    """A file format of graphs.

    Attributes:
        make_layer: makes the traceable form of a recurrent layer.
        save: writes a traced graph to a file.
        suffix: file name suffix of graphs.
        script_name: file name of the script.
        session_class: class of `grunlp.exporting.runtime` that runs the graphs of a folder.
        requirements: packages that the script needs besides numpy.
        opset: version of the ONNX operators, or None.
    """

    make_layer: LayerFactory
    save: Callable[[ExportedProgram, Path, Graph], None]
    suffix: str
    script_name: str
    session_class: type[Session]
    requirements: tuple[str, ...]
    opset: int | None


def get_export_format(name: str) -> ExportFormat:
    """Return the format "onnx" or "pt2".

    Raises:
        UserError: a package is missing.
    """
    if name == "pt2":
        from torch.export import save

        from grunlp.exporting.runtime.pt2_session import TorchSession

        def save_program(program: ExportedProgram, path: Path, graph: Graph) -> None:
            content = io.BytesIO()  # Torch's own file writer has no clear error for a full disk
            save(program, content)
            path.write_bytes(content.getbuffer())

        return ExportFormat(ScanLayer, save_program, ".pt2", "run_pt2.py", TorchSession, ("torch",), None)
    if missing := [name for name in _ONNX_PACKAGES if find_spec(name) is None]:
        details = f"{', '.join(missing)}: not installed"
        raise UserError("to=onnx", details, "Type pip install 'grunlp[onnx]', or to=pt2")
    from grunlp.exporting.onnx_backend import OPSET, OnnxRNNNode, save_onnx
    from grunlp.exporting.runtime.onnx_session import OnnxSession

    return ExportFormat(OnnxRNNNode, save_onnx, ".onnx", "run_onnx.py", OnnxSession, ("onnxruntime",), OPSET)


def export_folder(
    exporter: ModelExporter,
    export_format: ExportFormat,
    out: Path,
    *,
    postprocess: Callable[[Path], None] | None = None,
    batch_sizes: Sequence[int] = BATCH_SIZES,
    lengths: Sequence[int] = LENGTHS,
) -> VerificationReport:
    """Export and verify a model in a temporary folder, then move the folder to `out`.

    Args:
        exporter: the model.
        export_format: file format of its graphs.
        out: a folder that does not exist.
        postprocess: function applied to the folder after verification, such as quantization.
        batch_sizes: sizes of the batches of the verification; each is combined with each length.
        lengths: maximum lengths of the batches of the verification.

    Raises:
        UserError: `out` exists or cannot be written, or the verification fails.
    """
    require_new_dir("out", out)
    with translate_os_errors(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as temporary:
            folder = Path(temporary) / out.name
            folder.mkdir()
            _write_graphs(exporter, export_format, folder)
            _write_script(exporter, export_format, folder)
            session, script = export_format.session_class(folder), folder / export_format.script_name
            report = verify(exporter, session, script, batch_sizes, lengths)
            if postprocess is not None:
                postprocess(folder)
            _write_manifest(exporter, export_format, folder, report, postprocess is not None)
            require_new_dir("out", out)  # `rename` would replace an empty folder made in the meantime
            folder.rename(out)
    return report


def _write_graphs(exporter: ModelExporter, export_format: ExportFormat, folder: Path) -> None:
    lengths = [3 * exporter.min_length + 2, 3 * exporter.min_length, 2 * exporter.min_length]
    inputs_by_graph = exporter.inputs(exporter.random_examples(lengths, np.random.default_rng(0)))
    for graph, inputs in zip(exporter.graphs, inputs_by_graph, strict=True):
        assert inputs is not None
        program = trace(graph, inputs, export_format.make_layer)
        export_format.save(program, folder / f"{graph.name}{export_format.suffix}", graph)


def _write_script(exporter: ModelExporter, export_format: ExportFormat, folder: Path) -> None:
    """Write the script and its data."""
    requirements = ("numpy", *export_format.requirements, *(("tokenizers",) if exporter.files else ()))
    settings = "".join(f" [{name}={value}]" for name, value in exporter.model["settings"].items())
    title = (
        f"python {export_format.script_name}{settings} < LINES > ANSWERS: a {exporter.kind} of grunlp.\n\n"
        f"Each line of standard input is {exporter.input_description}. Needs {', '.join(requirements)}.\n"
    )
    script = bundle_script(export_format.session_class, exporter.runtime_class, title)
    (folder / export_format.script_name).write_text(script, encoding="utf-8")
    (folder / "model.json").write_text(json.dumps(exporter.model, ensure_ascii=False), encoding="utf-8")
    for name, file in exporter.files.items():
        shutil.copyfile(file, folder / name)


def _write_manifest(
    exporter: ModelExporter, export_format: ExportFormat, folder: Path, report: VerificationReport, postprocessed: bool
) -> None:
    def describe(graph: Graph) -> dict[str, Any]:
        inputs = {name: list(axes) for name, axes in graph.inputs.items()}
        return {"file": f"{graph.name}{export_format.suffix}", "inputs": inputs, "outputs": list(graph.outputs)}

    content = {
        "kind": exporter.kind,
        "recipe": exporter.recipe,
        "grunlp": version("grunlp"),
        "format": export_format.suffix[1:],
        "opset": export_format.opset,
        "graphs": [describe(graph) for graph in exporter.graphs],
        "script": export_format.script_name,
        "input": exporter.input_description,
        "dynamic_axes": "axes named by letters have any size of at least 1; equal letters mean equal sizes",
        "min_length": exporter.min_length,
        "verified_on": f"batches of 1, 2 and 7 of up to 80 steps{', before quantization' if postprocessed else ''}",
        "max_abs_diff": report.max_abs_diff,
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
