"""Dynamic int8 quantization by ONNX Runtime, and its cost on the development split."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.runtime.onnx_session import OnnxSession
from grunlp.exporting.trace import silence_exporter_logs
from grunlp.metrics.evaluation import PrimaryMetric, select_primary_metric
from grunlp.utils.errors import UserError

_QUANTIZED_NODE_TYPES = ["MatMul", "Gemm", "Gather", "LSTM"]  # ONNX Runtime has no quantized GRU


class _Measurement(NamedTuple):
    """Score, size of the graphs in MiB, and speed."""

    score: float
    size: float
    items_per_second: float


def quantize(exporter: ModelExporter, folder: Path, primary_metrics: Sequence[PrimaryMetric]) -> list[str]:
    """Quantize the weights of all graphs in a folder.

    Args:
        exporter: the model.
        folder: folder of the graphs.
        primary_metrics: primary metrics of the recipe, in order of preference.

    Returns:
        lines of a table of score, size and speed before and after.

    Raises:
        UserError: the run has no development split, or its data are missing.
    """
    from onnxruntime.quantization import QuantType, quantize_dynamic

    title, digits, before = _benchmark(exporter, folder, primary_metrics)
    for file in sorted(folder.glob("*.onnx")):
        float_file = file.rename(folder / f"float32-{file.name}")
        with silence_exporter_logs():
            quantize_dynamic(
                float_file,
                file,
                op_types_to_quantize=_QUANTIZED_NODE_TYPES,
                weight_type=QuantType.QInt8,
                per_channel=False,
            )
        float_file.unlink()
    _, _, after = _benchmark(exporter, folder, primary_metrics)
    return [
        f"{'dev':8} {title:>16} {'MiB':>8} {'steps a second':>14}",
        *(
            f"{name:8} {row.score:16.{digits}f} {row.size:8.1f} {row.items_per_second:14.0f}"
            for name, row in (("float32", before), ("int8", after))
        ),
    ]


@torch.inference_mode()
def _benchmark(
    exporter: ModelExporter, folder: Path, primary_metrics: Sequence[PrimaryMetric]
) -> tuple[str, int, _Measurement]:
    """Measure the graphs in a folder; return the title and digits of the primary metric, and the measurement."""
    try:
        result, num_steps = exporter.evaluate(exporter.graph_adapter(OnnxSession(folder)))
    except UserError as error:
        details = f"the cost of int8 is measured on the development split; {error.message}: {error.details}"
        raise UserError("int8=true needs a development split", details, "Omit int8=.") from None
    primary = select_primary_metric(primary_metrics, result.scores.metrics)
    size = sum(file.stat().st_size for file in folder.glob("*.onnx")) / 2**20
    score = result.scores.metrics[primary.key].value
    return primary.title, primary.digits, _Measurement(score, size, num_steps / result.seconds)
