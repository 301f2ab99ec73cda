"""The run folder, which has all files of a trained model; they are data and never executed.

    weights.safetensors   the weights
    config.yaml           the configuration of the training
    vocabulary.json       strings and their ids
    classes.json          for a classifier: its classes
    tokenizer.json        for a model that generates text; source_tokenizer.json if the source has its own
    encoder/              tokenizer and configuration of the pretrained encoder, if there is one
    scaling.json          for a forecaster: names of series and columns, means, scales, the frequency
    baseline.safetensors  for a forecaster: the linear model it is compared with
    forecast-test.png     for a forecaster: plots of some forecasts of a split, and of errors by step
    predictions-test.txt  the texts generated for a split
    metrics.json          scores of the splits, and time and memory of the training
    card.md               the model card
    data_manifest.json    the files it was trained on: sizes, checksums, dates, and how each was read
    run_files.json        the files that grunlp wrote: `overwrite=true` removes these and no others
    logs/                 TensorBoard and CSV
    checkpoint/           during the training: the state that resuming it needs
    nonfinite/            after a NaN or infinite loss: the data to compute that batch again

A run folder is self-contained: it can be moved, copied and renamed. When it is loaded, the configuration is checked
like the command line (`grunlp.configuration.saved_config`), JSON files against a schema (`grunlp.utils.safe_load`), and
the headers of weight files before memory is allocated (`grunlp.runs.weights`). Links that lead out of the folder,
pickles and dotted names are rejected.
"""

import itertools
import json
import logging
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from enum import Enum
from pathlib import Path, PurePosixPath
from typing import Any

from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from torch import nn

from grunlp.configuration.saved_config import load_config, require_current_format
from grunlp.configuration.schema import Schemas
from grunlp.data.file_layout import FileLayout
from grunlp.data.input_manifest import read_layouts, reject_new_inputs, verify_manifest, write_manifest
from grunlp.runs.file_list import (
    FILE_LIST,
    foreign_entries,
    listed_files,
    remove_listed_files,
    remove_unfinished_files,
    run_file,
    start_file_list,
)
from grunlp.runs.progress import CHECKPOINT_DIR as CHECKPOINT_DIR
from grunlp.runs.progress import WEIGHTS as WEIGHTS
from grunlp.runs.progress import require_trained
from grunlp.runs.weights import save_tensors
from grunlp.utils import distributed
from grunlp.utils.atomic_io import write_file_atomically
from grunlp.utils.errors import UserError
from grunlp.utils.safe_load import forbid_external_symlinks, read_json, read_yaml

log = logging.getLogger(__name__)

CONFIG, METRICS, MODEL_CARD = "config.yaml", "metrics.json", "card.md"
VOCABULARY, CLASS_LABELS, ENCODER_DIR = "vocabulary.json", "classes.json", "encoder"
LOG_DIR, RESUME_CHECKPOINT = "logs", "resume.ckpt"
TOKENIZER, SOURCE_TOKENIZER, PREDICTIONS = "tokenizer.json", "source_tokenizer.json", "predictions-{}.txt"
DATA_MANIFEST, NAN_DEBUG_DIR = "data_manifest.json", "nonfinite"
SCALER, BASELINE_WEIGHTS, FORECAST_PLOT = "scaling.json", "baseline.safetensors", "forecast-{}.png"


class RunMode(Enum):
    """Modes of starting a training in a run folder."""

    NEW = "remove an earlier run"
    RESUME = "resume the training"
    REPLAY = "compute a batch with a non-finite loss again, in a temporary folder"


def make_unique_dir(group: str) -> Path:
    """Make `runs/<group>/<date-time>`, with a number appended if that exists; no other process gets the same."""
    stem = Path("runs") / group / datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    for count in itertools.count(1):
        path = stem if count == 1 else stem.with_name(f"{stem.name}-{count}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise UserError(
                f"cannot make {path}: {error.strerror}", "", "Choose a folder with write permission."
            ) from None
        return path
    raise AssertionError("unreachable")


def create_run_dir(recipe: str, run_dir: str | None, overwrite: bool, schemas: Schemas) -> Path:
    """Make the folder of a new run.

    Args:
        recipe: names the default folder.
        run_dir: the folder; None is `runs/<recipe>/<date-time>`, which is always new.
        overwrite: whether a run in the folder may be replaced. It is kept until `start_run`, so that a training which
            cannot start deletes nothing.
        schemas: the schemas of all recipes.

    Raises:
        UserError: as `require_free`; or the folder cannot be made.
    """
    if run_dir is None:
        return make_unique_dir(recipe)
    path = Path(run_dir)
    require_free(path, overwrite, schemas)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(
            f"cannot make run_dir={path}: {error.strerror}", "", "Type run_dir=FOLDER with write permission"
        ) from None
    return path


def require_free(path: Path, overwrite: bool, schemas: Schemas) -> None:
    """Raise UserError unless a new run may be written into a folder.

    It may if the folder does not exist or is empty, if it holds the beginning of a training that was killed before it
    could be resumed, and with `overwrite` if it holds a run and nothing else.
    """
    if path.exists() and not path.is_dir():
        raise UserError(f"run_dir={path} is a file", "a folder is needed", "Type run_dir=NEW_FOLDER")
    if not path.is_dir():
        return
    foreign = list(itertools.islice(foreign_entries(path), 4))  # not all: `path` may be a home folder
    if foreign:
        names = ", ".join(str(entry.relative_to(path)) for entry in foreign[:3]) + (", ..." if foreign[3:] else "")
        hint = "Type run_dir=ANOTHER, or move these files away"
        raise UserError(f"run_dir={path} is not empty", f"it contains other files than a run's: {names}", hint)
    if not (path / CONFIG).is_file():
        _require_beginning(path)
        return
    if not overwrite:
        hint = "Type run_dir=ANOTHER, or overwrite=true to replace the run"
        raise UserError(f"run_dir={path} is not empty", "it contains a run", hint)
    load_config(path / CONFIG, schemas)


def _require_beginning(path: Path) -> None:
    """Raise UserError if a folder without `config.yaml` has files that a training writes only after it."""
    written = [name for name in listed_files(path) or () if (path / name).is_file()]
    later = [name for name in written if name not in (FILE_LIST, DATA_MANIFEST)]
    if later:
        details = f"it contains a run without its {CONFIG}: {', '.join(later[:3])}{', ...' if later[3:] else ''}"
        raise UserError(f"run_dir={path} is not empty", details, f"Type run_dir=ANOTHER, or put {CONFIG} back")


def start_run(path: Path, mode: RunMode) -> bool:
    """Prepare the folder after all data have been read; from now on the training can be resumed.

    Returns:
        whether this process writes to the folder; only rank 0 does.

    Raises:
        UserError: a resumed training has read more files than before.
    """
    if mode is RunMode.RESUME:
        reject_new_inputs(path / DATA_MANIFEST)
    if distributed.rank() == 0:
        _prepare_dir(path, mode)
    distributed.barrier()
    return distributed.rank() == 0


def _prepare_dir(path: Path, mode: RunMode) -> None:
    if mode is RunMode.NEW:
        delete_run(path)
        start_file_list(path)
        write_manifest(run_file(path, DATA_MANIFEST))
    remove_unfinished_files(path)
    run_file(path, f"{CHECKPOINT_DIR}/{RESUME_CHECKPOINT}")  # makes the folder


def complete_run(path: Path) -> None:
    """Remove the checkpoint for resuming; a run without one is finished."""
    folder = path / CHECKPOINT_DIR
    names = listed_files(path) or [f"{CHECKPOINT_DIR}/{file.name}" for file in folder.glob("*.ckpt")]
    remove_listed_files(path, [name for name in names if PurePosixPath(name).parent.name == CHECKPOINT_DIR])
    if folder.is_dir() and any(folder.iterdir()):
        log.warning("%s has files that grunlp did not write; while it exists, the run counts as unfinished", folder)
    elif folder.is_dir():
        folder.rmdir()


def run_layout(path: Path) -> FileLayout | None:
    """Return how the training file of a run was read; None for other data than files, and runs of earlier versions."""
    return next(iter(read_layouts(path / DATA_MANIFEST).values()), None)


def run_encoding(path: Path) -> str | None:
    """Return the encoding of the training file of a run; None: as for `run_layout`, and UTF-8."""
    layout = run_layout(path)
    return None if layout is None else layout.encoding


def require_resumable(path: Path, key: str) -> None:
    """Raise UserError unless a training was started in the folder and, for key `resume`, is not finished."""
    if not all((path / name).is_file() for name in (CONFIG, DATA_MANIFEST)):
        raise UserError(
            f"{key}={path}: nothing to resume",
            "no training was started there, or an earlier version of grunlp started it",
            "Type the command of the training again.",
        )
    if key == "resume" and not (path / CHECKPOINT_DIR).is_dir():
        raise UserError(
            f"{key}={path}: this training is finished",
            f"its weights are in {path / WEIGHTS}",
            "To train again, type run_dir=NEW_FOLDER",
        )


def load_initial_config(path: Path, schemas: Schemas) -> DictConfig:
    """Read the configuration of a training to resume.

    Args:
        path: the run folder.
        schemas: the schemas of all recipes.

    Raises:
        UserError: an earlier version of grunlp started it, its configuration is not valid, or its data have changed.
    """
    forbid_external_symlinks(path)
    reject_special_inputs(path)
    require_current_format(path / CONFIG)
    config = load_config(path / CONFIG, schemas)
    verify_manifest(path / DATA_MANIFEST)
    return config


def reject_special_inputs(path: Path) -> None:
    """Raise UserError if a run names a pipe or a device as its data; reading it might never end."""
    file = path / CONFIG
    data = read_yaml(file).get("data") if file.is_file() else None
    for key, name in data.items() if isinstance(data, dict) else ():
        if isinstance(name, str) and _is_special_file(name):
            details = "the data of a run are files or folders, which can be read again"
            raise UserError(f"{file}: data.{key}={name} is a pipe or a device", details, "Put a file in its place.")


def _is_special_file(name: str) -> bool:
    try:
        mode = os.stat(name).st_mode
    except (OSError, ValueError):  # does not exist, or cannot be the name of a file
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def delete_run(path: Path) -> None:
    """Remove the files of a run that grunlp has written, but no other files."""
    names = set(listed_files(path) or ())
    remove_listed_files(path, names - {CONFIG, FILE_LIST})
    remove_listed_files(
        path, names & {CONFIG}
    )  # late, because until then the folder is a run, which can be deleted again
    remove_listed_files(path, names & {FILE_LIST})


def save_weights(path: Path, model: nn.Module) -> None:
    """Write the weights after the training, which marks the run as finished."""
    save_tensors(run_file(path, WEIGHTS), model.state_dict())


def read_config(path: Path, schemas: Schemas, required_files: Sequence[str] = ()) -> DictConfig:
    """Read the configuration of a finished run.

    Args:
        path: the run folder.
        schemas: the schemas of all recipes.
        required_files: names of further files that it must have.

    Raises:
        UserError: the folder is not a finished run, lacks a required file, has links that lead out of it, or its
            configuration is not valid.
    """
    require_files(path, [CONFIG, WEIGHTS])
    forbid_external_symlinks(path)
    config = load_config(path / CONFIG, schemas)
    require_files(path, required_files)
    return config


def require_files(path: Path, names: Sequence[str]) -> None:
    """Raise UserError unless the folder has all these files."""
    missing = [name for name in names if not (path / name).is_file()]
    if missing:
        require_trained(path)
        finished = sorted(str(file.parent) for file in Path("runs").glob(f"*/*/{WEIGHTS}"))
        raise UserError(
            f"{path} is not a finished run: {', '.join(missing)} missing",
            f"finished runs: {', '.join(finished[-5:])}" if finished else "there are no finished runs below runs/",
            "Type run=FOLDER of a finished training.",
        )


@contextmanager
def translate_load_errors(path: Path) -> Iterator[None]:
    """Convert errors caused by files of a run folder that do not belong together into UserError."""
    try:
        yield
    except (OmegaConfBaseException, AssertionError, RuntimeError, TypeError, ValueError, OverflowError) as error:
        raise UserError(
            f"{path}: its files do not fit together: {(str(error) or type(error).__name__).splitlines()[0]}",
            "all files in it must come from the same training and version of grunlp",
            "Copy the whole folder again, or train again.",
        ) from None


def read_metrics(path: Path) -> dict[str, Any]:
    """Read `metrics.json`; a missing file counts as empty."""
    file = path / METRICS
    content = read_json(file, require_finite=False) if file.is_file() else {}
    if not isinstance(content, dict) or not all(isinstance(values, dict) for values in content.values()):
        raise UserError(f"{file}: expected scores by split", "", "Remove it, and evaluate again.")
    return content


def write_metrics(path: Path, name: str, values: dict[str, Any]) -> None:
    """Write the scores of a split, or the costs of the training, to `metrics.json`; other entries are kept."""
    content = read_metrics(path) | {name: values}
    write_file_atomically(run_file(path, METRICS), json.dumps(content, indent=2))
