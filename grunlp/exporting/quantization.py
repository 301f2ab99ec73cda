"""Weights of 8 bits: ONNX Runtime's dynamic quantization, and what it costs on the development split."""

from pathlib import Path
from typing import NamedTuple

import torch

from grunlp.exporting.exporter import Exportable
from grunlp.exporting.runtime.onnx_session import Graphs
from grunlp.exporting.trace import quiet
from grunlp.metrics.primary import measure_of, names_of, primary_of
from grunlp.utils.errors import GrunlpError

_NODES = ["MatMul", "Gemm", "Gather", "LSTM"]  # a GRU has no quantized node


class _Row(NamedTuple):
    """Of a table: a score, MiB of graphs, and what is read a second."""

    score: float
    size: float
    speed: float


def quantize(exportable: Exportable, folder: Path) -> list[str]:
    """Make the graphs of a folder smaller.

    Returns:
        the lines of a table of before and after.

    Raises:
        GrunlpError: the run has no development split, or its data are gone.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    title, digits, before = _measure(exportable, folder)
    for file in sorted(folder.glob("*.onnx")):
        whole = file.rename(folder / f"whole-{file.name}")
        with quiet():
            quantize_dynamic(whole, file, op_types_to_quantize=_NODES, weight_type=QuantType.QInt8, per_channel=False)
        whole.unlink()
    _, _, after = _measure(exportable, folder)
    return [
        f"{'dev':8} {title:>16} {'MiB':>8} {'read a second':>14}",
        *(
            f"{name:8} {row.score:16.{digits}f} {row.size:8.1f} {row.speed:14.0f}"
            for name, row in (("float32", before), ("int8", after))
        ),
    ]


@torch.inference_mode()
def _measure(exportable: Exportable, folder: Path) -> tuple[str, int, _Row]:
    """The name and digits of the score, and the row of the graphs as they are."""
    try:
        scored, read = exportable.score(exportable.standing_in(Graphs(folder)))
    except GrunlpError as error:
        there = f"its development split is what tells the cost of 8 bits; {error.wrong}: {error.there_is}"
        raise GrunlpError("int8=true: nothing to measure it on", there, "Leave int8= out.") from None
    primary = primary_of(exportable.recipe, names_of(scored.scores))
    size = sum(file.stat().st_size for file in folder.glob("*.onnx")) / 2**20
    score = measure_of(scored.scores, primary.key).value
    return primary.title, primary.digits, _Row(score, size, read / scored.seconds)
