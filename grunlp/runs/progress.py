"""Unfinished trainings. Imports nothing heavy."""

from pathlib import Path

from grunlp.utils.errors import UserError

WEIGHTS, CHECKPOINT_DIR = "weights.safetensors", "checkpoint"


def require_trained(path: Path) -> None:
    """Raise UserError for the folder of a training that was interrupted or is going on."""
    if (path / CHECKPOINT_DIR).is_dir() and not (path / WEIGHTS).is_file():
        raise UserError(
            f"{path}: this training has not finished",
            "it was interrupted, or is going on; its weights are written at its end",
            f"Type python -m grunlp.train resume={path}, or choose another run.",
        )
