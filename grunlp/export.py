"""`python -m grunlp.export run=DIR out=FOLDER`: a trained network in a folder that runs without grunlp."""

import sys
from pathlib import Path
from typing import Any

from grunlp.configuration.key_value_args import parse_arguments, require_empty_dir
from grunlp.utils.cli import command
from grunlp.utils.errors import UserError

DEFAULTS: dict[str, Any] = {"run": None, "to": "onnx", "out": None, "int8": False}

HELP = """Export a trained network of any kind: a folder that runs without grunlp, and as ONNX without Torch.

  python -m grunlp.export run=default out=exported
  echo "She gave him a book." | python exported/run_onnx.py

keys:
  run=DIR      the run folder of a training, or default for the model that comes with grunlp
  out=FOLDER   a new folder; it appears when all is proved, and not before
  to=onnx      onnx: graphs of opset 18, run by ONNX Runtime; pt2: programs of torch.export, run by Torch
  int8=false   true: with weights of 8 bits in products and tables (of ONNX alone; recurrent weights of a GRU stay as
               they are, since ONNX Runtime has no such node for it). Score, size and speed on the development split
               are printed before and after

The folder has the graphs, model.json and tokenizers with what belongs to them, manifest.json with names, shapes and
limits of all inputs and outputs, and a script of one file, run_onnx.py or run_pt2.py, that answers each line of its
input by JSON as grunlp.predict does. It needs numpy, onnxruntime (or torch) and, for networks that write texts,
tokenizers. What a line is, the script says at its head: a text, or {"words": [...]} for words as they are; numbers for
classifiers of measurements and forecasters.

An export proves itself: batches of 1, 2 and 7 random examples of each length from 1 to 80 go through the graphs and
the script. Where an output differs from the network's by more than 0.0001, or an answer at all, nothing is written.

It needs pip install 'grunlp[onnx]'. A network over a pretrained encoder (model.encoder=) cannot be exported.

examples:
  python -m grunlp.export run=runs/tag/mine out=tagger
  python -m grunlp.export run=default out=small int8=true
  python -m grunlp.export run=runs/forecast/mine out=forecaster to=pt2"""


@command(lambda arguments: HELP)
def main(arguments: list[str]) -> int:
    """Parse, find, call."""
    given = parse_arguments(arguments, DEFAULTS)
    for key in ("run", "out"):
        if given[key] is None:
            there = "export needs run=DIR and out=FOLDER"
            raise UserError(f"no {key}=", there, "Type run=default out=FOLDER, or see --help.")
    if given["int8"] and given["to"] != "onnx":
        raise UserError(f"int8=true with to={given['to']}", "only ONNX Runtime has such graphs", "Type to=onnx")
    out = Path(given["out"])
    require_empty_dir("out", out)
    from grunlp.exporting.export_folder import export_folder, get_export_format
    from grunlp.exporting.kinds import exporter_for

    format = get_export_format(given["to"])
    exportable = exporter_for(given["run"])
    if given["int8"]:
        from grunlp.exporting.quantization import quantize

        report: list[str] = []
        proof = export_folder(
            exportable, format, out, postprocess=lambda folder: report.extend(quantize(exportable, folder))
        )
        print("\n".join(report))
    else:
        proof = export_folder(exportable, format, out)
    told = ", ".join(f"{name} {worst:.1e}" for name, worst in proof.max_abs_diff.items())
    before = " before weights became 8 bits" if given["int8"] else ""
    print(
        f"proved{before} on {proof.num_batches} batches and {proof.num_answers} answers; greatest differences: {told}"
    )
    size = sum(file.stat().st_size for file in out.iterdir())
    print(f"{out}: {exportable.kind}, {size / 2**20:.1f} MiB; its script: {out / format.script_name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
