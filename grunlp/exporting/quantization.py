"""Weights of 8 bits: ONNX Runtime's dynamic quantization, and what it costs on the development split."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.runtime.onnx_session import Graphs
from grunlp.exporting.trace import silence_exporter_logs
from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.utils.errors import UserError

_QUANTIZED_NODE_TYPES = ["MatMul", "Gemm", "Gather", "LSTM"]  # a GRU has no quantized node


class _Measurement(NamedTuple):
    """Of a table: a score, MiB of graphs, and what is read a second."""

    score: float
    size: float
    items_per_second: float


def quantize(exporter: ModelExporter, folder: Path, primary_metrics: Sequence[PrimaryMetric]) -> list[str]:
    """Quantize the graphs of a folder.

    Args:
        exporter: the model.
        folder: of the graphs.
        primary_metrics: the metrics that the model may be measured by; the first that its data have counts.

    Returns:
        the lines of a table of before and after.

    Raises:
        UserError: the run has no development split, or its data are gone.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    title, digits, before = _benchmark(exporter, folder, primary_metrics)
    for file in sorted(folder.glob("*.onnx")):
        whole = file.rename(folder / f"whole-{file.name}")
        with silence_exporter_logs():
            quantize_dynamic(
                whole, file, op_types_to_quantize=_QUANTIZED_NODE_TYPES, weight_type=QuantType.QInt8, per_channel=False
            )
        whole.unlink()
    _, _, after = _benchmark(exporter, folder, primary_metrics)
    return [
        f"{'dev':8} {title:>16} {'MiB':>8} {'read a second':>14}",
        *(
            f"{name:8} {row.score:16.{digits}f} {row.size:8.1f} {row.items_per_second:14.0f}"
            for name, row in (("float32", before), ("int8", after))
        ),
    ]


@torch.inference_mode()
def _benchmark(
    exporter: ModelExporter, folder: Path, primary_metrics: Sequence[PrimaryMetric]
) -> tuple[str, int, _Measurement]:
    """The name and digits of the score, and the row of the graphs as they are."""
    try:
        scored, read = exporter.evaluate(exporter.graph_adapter(Graphs(folder)))
    except UserError as error:
        there = f"its development split is what tells the cost of 8 bits; {error.message}: {error.details}"
        raise UserError("int8=true: nothing to measure it on", there, "Leave int8= out.") from None
    primary = select_primary_metric(primary_metrics, scored.scores.metrics)
    size = sum(file.stat().st_size for file in folder.glob("*.onnx")) / 2**20
    score = scored.scores.metrics[primary.key].value
    return primary.title, primary.digits, _Measurement(score, size, read / scored.seconds)
