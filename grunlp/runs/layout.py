"""The run folder: everything a trained model needs, as data and never as code.

    weights.safetensors   the network
    config.yaml           how it was built and trained
    vocabulary.json       strings and their ids
    classes.json          what a classifier chooses among
    tokenizer.json        of a network that writes text, instead; source_tokenizer.json where its source has its own
    encoder/              tokenizer and configuration of a pretrained encoder, where there is one
    scaling.json          of a forecaster, instead: names of series and columns, means, scales, the frequency
    baseline.safetensors  of a forecaster: the linear model it is measured against
    forecast-test.png     of a forecaster: some forecasts of a split, and errors by step
    outputs-test.txt      what it wrote for a split
    metrics.json          scores of the splits, and what the training took
    card.md               the same for people
    data.json             the files it was trained on, their sizes and checksums
    logs/                 TensorBoard and CSV
    checkpoint/           while it is trained: what it takes to go on
    trouble/              of a training that met a loss that is no number: what it takes to meet it again

A folder is complete in itself: it can be moved, copied and renamed. It is data and never code: settings are checked
as what is typed is (`grunlp.configuration.saved_config`), tables under a schema (`grunlp.utils.safe_load`), the heads
of weights before anything
of their size is made (`grunlp.runs.weights`); links that lead out of it, pickles and dotted names are refused.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from torch import nn

from grunlp.utils import distributed
from grunlp.runs.lock import LOCK_FILE
from grunlp.utils.atomic_io import is_temp_file, remove_temp_files, write_file_atomically
from grunlp.data.input_manifest import is_manifest, reject_new_inputs, verify_manifest, write_manifest
from grunlp.utils.errors import UserError
from grunlp.configuration.saved_config import load_config
from grunlp.utils.safe_load import read_json, forbid_external_symlinks
from grunlp.runs.weights import save_tensors

WEIGHTS, CONFIG, METRICS, MODEL_CARD = "weights.safetensors", "config.yaml", "metrics.json", "card.md"
VOCABULARY, CLASS_LABELS, ENCODER_DIR, LOG_DIR, RESUME_CHECKPOINT = "vocabulary.json", "classes.json", "encoder", "logs", "checkpoint"
TOKENIZER, SOURCE_TOKENIZER, PREDICTIONS = "tokenizer.json", "source_tokenizer.json", "outputs-{}.txt"
DATA_MANIFEST, NAN_DEBUG_DIR = "data.json", "trouble"
SCALER, BASELINE_WEIGHTS, FORECAST_PLOT = "scaling.json", "baseline.safetensors", "forecast-{}.png"


class RunMode(Enum):
    """What becomes of what lies in the folder of a run."""

    NEW = "it is removed"
    RESUME = "the training goes on"
    REPLAY = "a loss that was no number is shown again, in a folder that is none of a run"


class NonZeroRankExit(Exception):
    """Ends a recipe in a process that has nothing more to do: the first one scores and writes."""


class ReplayFinished(Exception):
    """Ends a recipe that was only to show a loss. Its text is for people."""


def unique_run_path(recipe: str) -> Path:
    """`runs/<kind>/<date-time>`, with a number behind it where that is there."""
    stem = Path("runs") / recipe / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    path, count = stem, 1
    while path.exists():
        count += 1
        path = stem.with_name(f"{stem.name}-{count}")
    return path


def create_run_dir(recipe: str, run_dir: str | None, overwrite: bool) -> Path:
    """Make the folder of a new run.

    Args:
        recipe: its name, for the default folder.
        run_dir: where; None is `runs/<recipe>/<date-time>`, which is always new.
        overwrite: whether a run that lies there may be lost. It stays until `start_run`, so that a training which
            cannot start costs nothing.

    Raises:
        UserError: the folder holds something else, or a run that may not be lost. A training that was killed before
            it could be resumed has left nothing to lose.
    """
    if run_dir is None:
        path = unique_run_path(recipe)
    else:
        path = Path(run_dir)
        if path.exists() and not path.is_dir():
            raise UserError(f"run_dir={path} is a file", "a folder is needed", "Type run_dir=NEW_FOLDER")
        if path.is_dir() and any(path.iterdir()) and not _is_unstarted(path):
            _require_overwritable(path, overwrite)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make run_dir={path}: {error.strerror}", "", "Type run_dir=FOLDER you may write to"
        ) from None
    return path


def _is_unstarted(path: Path) -> bool:
    """Whether nothing lies there but what `start_run` makes, whole or in parts, before a run can be resumed."""
    left = {file.name for file in path.iterdir() if not is_temp_file(file, (DATA_MANIFEST, CONFIG))} - {LOCK_FILE}
    if left - {DATA_MANIFEST, RESUME_CHECKPOINT} or ((path / RESUME_CHECKPOINT).is_dir() and any((path / RESUME_CHECKPOINT).iterdir())):
        return False
    return DATA_MANIFEST not in left or is_manifest(path / DATA_MANIFEST)


def _require_overwritable(path: Path, overwrite: bool) -> None:
    is_run = (path / CONFIG).is_file()
    if not overwrite or not is_run:
        holds = "a run" if is_run else "files that are no run"
        way = f"Type run_dir=ANOTHER{', or overwrite=true to lose the run that lies there' if is_run else ''}"
        raise UserError(f"run_dir={path} is not empty", f"it holds {holds}", way)


def start_run(path: Path, mode: RunMode) -> bool:
    """Make room for what a training writes, when all of its data are read; from now on it can be resumed.

    Returns:
        whether this process writes there. Of several the first does, and the others find the room made.

    Raises:
        UserError: a training that goes on has read more files than it had.
    """
    if mode is RunMode.RESUME:
        reject_new_inputs(path / DATA_MANIFEST)
    if distributed.rank() == 0:
        _prepare_dir(path, mode)
    distributed.barrier()
    return distributed.rank() == 0


def _prepare_dir(path: Path, mode: RunMode) -> None:
    remove_temp_files(path)
    if mode is RunMode.NEW:
        delete_run(path)
    (path / RESUME_CHECKPOINT).mkdir(exist_ok=True)
    remove_temp_files(path / RESUME_CHECKPOINT)
    if mode is RunMode.NEW:
        write_manifest(path / DATA_MANIFEST)


def complete_run(path: Path) -> None:
    """Remove what only served to go on: without it a run is finished."""
    shutil.rmtree(path / RESUME_CHECKPOINT, ignore_errors=True)


def require_resumable(path: Path, key: str) -> None:
    """Raise unless a training was begun in the folder and, where the key is `resume`, has not come to its end."""
    if not all((path / name).is_file() for name in (CONFIG, DATA_MANIFEST)):
        there = "no training was begun there, or none of this version of grunlp"
        raise UserError(f"{key}={path}: nothing to go on with", there, "Type the command of the training again.")
    if key == "resume" and not (path / RESUME_CHECKPOINT).is_dir():
        there = f"its weights are in {path / WEIGHTS}"
        raise UserError(f"{key}={path}: this training is finished", there, "To train anew, type run_dir=NEW_FOLDER")


def load_initial_config(path: Path) -> DictConfig:
    """How a training was begun, from its folder. Raises UserError where its settings are none, or its data others."""
    forbid_external_symlinks(path)
    config = load_config(path / CONFIG)
    verify_manifest(path / DATA_MANIFEST)
    return config


def delete_run(path: Path) -> None:
    """Remove the files of a run, if one lies there, and no others."""
    outputs = [name.format(split) for split in ("train", "dev", "test") for name in (PREDICTIONS, FORECAST_PLOT)]
    read = (VOCABULARY, CLASS_LABELS, TOKENIZER, SOURCE_TOKENIZER, SCALER, BASELINE_WEIGHTS)
    for name in (DATA_MANIFEST, WEIGHTS, METRICS, MODEL_CARD, *read, *outputs):
        (path / name).unlink(missing_ok=True)
    for name in (LOG_DIR, RESUME_CHECKPOINT, ENCODER_DIR, NAN_DEBUG_DIR):
        shutil.rmtree(path / name, ignore_errors=True)
    (path / CONFIG).unlink(missing_ok=True)  # last: until then it is a run, which can be cleared again


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights, after the training: a run that has them is finished."""
    save_tensors(path / WEIGHTS, model.state_dict())


def read_config(path: Path, required_files: Sequence[str] = ()) -> DictConfig:
    """How a finished run was built and trained.

    Raises:
        UserError: none lies there, or one without its `required_files`, with links that lead out of it, or with
            settings that
            are none of grunlp's.
    """
    require_files(path, [CONFIG, WEIGHTS])
    forbid_external_symlinks(path)
    config = load_config(path / CONFIG)
    require_files(path, required_files)
    return config


def require_files(path: Path, names: Sequence[str]) -> None:
    """Raise unless all these files lie in the folder."""
    missing = [name for name in names if not (path / name).is_file()]
    if missing:
        finished = sorted(str(found.parent) for found in Path("runs").glob(f"*/*/{WEIGHTS}"))
        there = (
            f"finished runs here: {', '.join(finished[-5:])}" if finished else "there are no finished runs below runs/"
        )
        raise UserError(
            f"{path} is no finished run: {', '.join(missing)} missing", there, "Type run=FOLDER of a finished training."
        )


@contextmanager
def translate_load_errors(path: Path) -> Iterator[None]:
    """What is raised within because the parts of a run do not fit each other leaves as UserError."""
    try:
        yield
    except (OmegaConfBaseException, AssertionError, RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise UserError(
            f"{path}: the parts of this run do not fit: {(str(error) or type(error).__name__).splitlines()[0]}",
            "all files in it must come from the same training and version of grunlp",
            "Copy the whole folder again, or train anew.",
        ) from None


def read_metrics(path: Path) -> dict[str, Any]:
    """The contents of `metrics.json`, empty when there is none yet."""
    file = path / METRICS
    content = read_json(file, require_finite=False) if file.is_file() else {}
    if not isinstance(content, dict) or not all(isinstance(values, dict) for values in content.values()):
        raise UserError(f"{file}: no scores of splits", "", "Remove it, and evaluate again.")
    return content


def write_metrics(path: Path, name: str, values: dict[str, Any]) -> None:
    """Put the scores of a split, or what the training took, into `metrics.json`; other entries stay."""
    content = read_metrics(path) | {name: values}
    write_file_atomically(path / METRICS, json.dumps(content, indent=2))
