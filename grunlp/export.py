"""`python -m grunlp.export run=DIR out=FOLDER` exports a trained model to a folder that runs without grunlp."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grunlp.configuration.options import Option, format_options, option, options_of, parse_options
from grunlp.configuration.output_paths import require_new_dir
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError


@dataclass
class ExportOptions:
    """Options of `python -m grunlp.export`."""

    run: str | None = option(None, "run folder, or default for the bundled model", content="run")
    out: str | None = option(None, "new folder; it is created when the export has been verified", content="path")
    to: Literal["onnx", "pt2"] = option(
        "onnx", "onnx: graphs of opset 18 for ONNX Runtime; pt2: programs of torch.export for PyTorch"
    )
    int8: bool = option(
        False,
        "quantize weights of products and tables to 8 bits, onnx only (except a GRU's recurrence, which ONNX Runtime "
        "cannot quantize); prints score, size and speed on the development split before and after",
    )


_HELP = f"""Export a trained model of any task to a folder that runs without grunlp, and as ONNX without PyTorch.

  python -m grunlp.export run=default out=exported
  echo "She gave him a book." | python exported/run_onnx.py

keys:
{format_options(ExportOptions)}

The folder contains the graphs; model.json and tokenizers; manifest.json with the names, shapes and limits of all inputs
and outputs; and a script of one file, run_onnx.py or run_pt2.py, that answers each line of its input in JSON as
grunlp.predict does. The script needs numpy, onnxruntime (or torch) and, for models that generate texts, tokenizers. Its
first lines document a line of input: a text, or {{"words": [...]}} for tokenised sentences; numbers for classifiers of
measurements and forecasters.

Every export is verified: batches of 1, 2 and 7 random examples of each length from 1 to 80 go through the graphs and
the script. If an output differs by more than 0.0001 from the network's, or a prediction differs at all, nothing is
written.

It needs pip install 'grunlp[onnx]'. A model over a pretrained encoder (model.encoder=) cannot be exported.

examples:
  python -m grunlp.export run=runs/tag/mine out=tagger
  python -m grunlp.export run=default out=small int8=true
  python -m grunlp.export run=runs/forecast/mine out=forecaster to=pt2"""


def list_options(arguments: Sequence[str]) -> dict[str, dict[str, Option]]:
    """List the options."""
    return {"export": dict(options_of(ExportOptions))}


@command(lambda arguments: _HELP)
def main(arguments: list[str]) -> int:
    """Check the options, export, and print what was verified."""
    options = parse_options(arguments, ExportOptions)
    if options.run is None or options.out is None:
        missing = "run" if options.run is None else "out"
        raise UserError(f"no {missing}=", "export needs run=DIR and out=FOLDER", "Type run=default out=FOLDER")
    if options.int8 and options.to != "onnx":
        raise UserError(f"int8=true with to={options.to}", "only ONNX graphs can be quantized", "Type to=onnx")
    out = Path(options.out)
    require_new_dir("out", out)
    from grunlp.exporting.export_folder import export_folder, get_export_format
    from grunlp.tasks import task_of

    spec, export_format = task_of(options.run), get_export_format(options.to)
    exporter = spec.make_exporter(spec.load_trained(Path(options.run)))
    if options.int8:
        from grunlp.data.input_manifest import compare_inputs
        from grunlp.exporting.quantization import quantize
        from grunlp.runs.layout import DATA_MANIFEST

        lines: list[str] = []
        metrics = spec.primary_metrics[exporter.recipe]
        with compare_inputs(Path(options.run) / DATA_MANIFEST):
            verified = export_folder(
                exporter,
                export_format,
                out,
                postprocess=lambda folder: lines.extend(quantize(exporter, folder, metrics)),
            )
        print("\n".join(lines))
    else:
        verified = export_folder(exporter, export_format, out)
    differences = ", ".join(f"{name} {worst:.1e}" for name, worst in verified.max_abs_diff.items())
    before = " before quantization" if options.int8 else ""
    print(f"verified{before} on {verified.num_batches} batches and {verified.num_answers} predictions; ", end="")
    print(f"largest differences: {differences}")
    size = sum(file.stat().st_size for file in out.iterdir())
    print(f"{out}: {exporter.kind}, {size / 2**20:.1f} MiB; its script: {out / export_format.script_name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
