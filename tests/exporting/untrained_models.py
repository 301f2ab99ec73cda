"""Untrained models, and the verification of their exports."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from grunlp.exporting.export_folder import export_folder, get_export_format
from grunlp.exporting.exporter import ModelExporter
from grunlp.tasks.config import compose_config

TEXTS = ["the cat sat on the mat", "a dog barks", "Anna sees the river and the stones", "so they sat and sat"] * 5
SMALL = ["model.hidden_size=8", "model.num_layers=2", "model.dropout=0.0", "model.input_dropout=0.0"]


def shaken(model: Any) -> Any:
    """In evaluation mode, with weights that tell inputs apart."""
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def config(recipe: str, *words: str) -> DictConfig:
    torch.manual_seed(0)
    return compose_config([f"recipe={recipe}", *SMALL, *words])


def prove(exportable: ModelExporter, out: Path, to: str = "onnx") -> None:
    proof = export_folder(exportable, get_export_format(to), out, batch_sizes=(1, 3), lengths=(1, 2, 9, 17))
    assert proof.num_answers and max(proof.max_abs_diff.values()) < 1e-4 and (out / "manifest.json").is_file()
