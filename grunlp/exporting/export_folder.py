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

from grunlp.configuration.key_value_args import require_new_folder
from grunlp.exporting.exporter import Exportable, Run
from grunlp.exporting.script_bundler import script_of
from grunlp.exporting.trace import Graph, trace
from grunlp.exporting.traceable_rnn import MakeLayer, ScannedLayer
from grunlp.exporting.verification import LENGTHS, ROWS, Proof, prove
from grunlp.utils.atomic_io import writing
from grunlp.utils.errors import GrunlpError

_NEEDED = ("onnx", "onnxruntime", "onnxscript")


class Format(NamedTuple):
    """A format of graphs.

    make: what recurrent layers become.
    save: writes a program.
    script: name of the script.
    graphs: the module of `grunlp.exporting.runtime` that runs such graphs.
    needs: packages that the script needs beside numpy.
    opset: the version of ONNX' operators, or None.
    """

    make: MakeLayer
    save: Callable[[ExportedProgram, Path, Graph], None]
    suffix: str
    script: str
    graphs: str
    needs: tuple[str, ...]
    opset: int | None


def format_named(name: str) -> Format:
    """The format that a user asks for. Raises GrunlpError where a package is missing."""
    if name == "pt2":
        from torch.export import save

        def save_program(program: ExportedProgram, path: Path, graph: Graph) -> None:
            content = io.BytesIO()  # torch's own way into a file says nothing plain of a full disk
            save(program, content)
            path.write_bytes(content.getbuffer())

        return Format(ScannedLayer, save_program, ".pt2", "run_pt2.py", "pt2_session", ("torch",), None)
    if missing := [name for name in _NEEDED if find_spec(name) is None]:
        there = f"{', '.join(missing)}: not installed"
        raise GrunlpError("to=onnx", there, "Type pip install 'grunlp[onnx]', or to=pt2")
    from grunlp.exporting.onnx_backend import OPSET, NodeLayer, save_onnx

    return Format(NodeLayer, save_onnx, ".onnx", "run_onnx.py", "onnx_session", ("onnxruntime",), OPSET)


def open_graphs(format: Format, folder: Path) -> Run:
    """The graphs in a folder, as the script runs them."""
    graphs: Run = import_module(f"grunlp.exporting.runtime.{format.graphs}").Graphs(folder)
    return graphs


def write_folder(
    exportable: Exportable,
    format: Format,
    out: Path,
    *,
    change: Callable[[Path], None] | None = None,
    rows: Sequence[int] = ROWS,
    lengths: Sequence[int] = LENGTHS,
) -> Proof:
    """Export, prove and only then put the folder where it is wanted.

    Args:
        exportable: the network.
        format: of its graphs.
        out: a folder that is not there yet.
        change: what is done to the folder once it is proved, such as making its weights smaller; None: nothing.
        rows, lengths: of the batches of the proof.

    Raises:
        GrunlpError: `out` is there, by the end too, or cannot be written; the proof fails.
    """
    require_new_folder("out", out)
    with writing(out):
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as made:
            folder = Path(made) / out.name
            folder.mkdir()
            _write_graphs(exportable, format, folder)
            _write_script(exportable, format, folder)
            proof = prove(exportable, open_graphs(format, folder), folder / format.script, rows, lengths)
            if change is not None:
                change(folder)
            _write_manifest(exportable, format, folder, proof, change is not None)
            require_new_folder("out", out)  # the system would replace a folder that is empty
            folder.rename(out)
    return proof


def _write_graphs(exportable: Exportable, format: Format, folder: Path) -> None:
    random = np.random.default_rng(0)
    least = exportable.least
    inputs = exportable.inputs(exportable.draw([3 * least + 2, 3 * least, 2 * least], random))
    for graph, some in zip(exportable.graphs, inputs, strict=True):
        assert some is not None
        format.save(trace(graph, some, format.make), folder / f"{graph.name}{format.suffix}", graph)


def _write_script(exportable: Exportable, format: Format, folder: Path) -> None:
    """The script and what it reads."""
    needs = ", ".join(("numpy", *format.needs, *(("tokenizers",) if exportable.files else ())))
    said = f"Each line of standard input is {exportable.takes}. Needs {needs}."
    settings = "".join(f" [{name}={value}]" for name, value in exportable.model["settings"].items())
    title = f"python {format.script}{settings} < LINES > ANSWERS: a {exportable.kind} of grunlp.\n\n{said}\n"
    (folder / format.script).write_text(script_of(format.graphs, exportable.parts, title), encoding="utf-8")
    (folder / "model.json").write_text(json.dumps(exportable.model, ensure_ascii=False), encoding="utf-8")
    for name, file in exportable.files.items():
        shutil.copyfile(file, folder / name)


def _write_manifest(exportable: Exportable, format: Format, folder: Path, proof: Proof, changed: bool) -> None:
    def described(graph: Graph) -> dict[str, Any]:
        inputs = {name: list(axes) for name, axes in graph.inputs.items()}
        return {"file": f"{graph.name}{format.suffix}", "inputs": inputs, "outputs": list(graph.outputs)}

    content = {
        "kind": exportable.kind,
        "recipe": exportable.recipe,
        "grunlp": version("grunlp"),
        "format": format.suffix[1:],
        "opset": format.opset,
        "graphs": [described(graph) for graph in exportable.graphs],
        "script": format.script,
        "takes": exportable.takes,
        "limits": {
            "free sizes": "axes named by letters, at least 1; where they have the same letter, the same",
            "least steps": exportable.least,
            "proved": f"batches of 1, 2 and 7, of up to 80 steps{', before weights became 8 bits' if changed else ''}",
            "worst difference": proof.worst,
        },
    }
    (folder / "manifest.json").write_text(json.dumps(content, indent=2, ensure_ascii=False), encoding="utf-8")
