"""The lock of a run folder during a training, and messages about an interrupted training."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grunlp.configuration.schema import Schemas
from grunlp.runs.layout import CHECKPOINT_DIR, CONFIG, RunMode, require_free, require_resumable
from grunlp.runs.lock import folder_lock
from grunlp.utils import distributed
from grunlp.utils.cli import EXIT_USAGE
from grunlp.utils.errors import UserError, WriteError
from grunlp.utils.signals import TerminationSignal


@contextmanager
def lock_run(run_dir: Path, mode: RunMode, overwrite: bool, schemas: Schemas) -> Iterator[None]:
    """Lock the run folder, on rank 0 only, and check it again: another training may have ended there a moment ago.

    Args:
        run_dir: the folder.
        mode: NEW: the folder must be free; RESUME: it must hold a training that is not finished.
        overwrite: see `require_free`.
        schemas: see `require_free`.

    Raises:
        UserError: another process uses it, or it is not free, or its training is finished.
    """
    if distributed.rank() > 0:
        yield
        return
    with folder_lock("run_dir", run_dir):
        if mode is RunMode.RESUME:
            require_resumable(run_dir, "resume")
        if mode is RunMode.NEW:
            require_free(run_dir, overwrite, schemas)
        yield


@contextmanager
def explain_interruption(run_dir: Path) -> Iterator[None]:
    """Print how to resume a training that is interrupted by a signal or by the failure of one of its processes.

    Raises:
        SystemExit: the training was interrupted.
        UserError: another rank has failed, or a file cannot be written.
        OSError: another error of the system, after the way to resume was printed.
    """
    try:
        with distributed.translate_peer_failures():
            yield
    except WriteError as error:
        raise UserError(error.message, error.details, f"{error.hint} Then, {_resume_hint(run_dir)}") from None
    except OSError:  # standard output on a full disk, for example
        print(_resume_hint(run_dir), file=sys.stderr)
        raise
    except TerminationSignal as interruption:
        if distributed.rank() == 0:
            print(f"stopped; {_resume_hint(run_dir)}", file=sys.stderr)
        sys.exit(interruption.exit_code)
    except SystemExit as end:
        if end.code != EXIT_USAGE:
            print(_resume_hint(run_dir), file=sys.stderr)
        raise


def _resume_hint(run_dir: Path) -> str:
    is_resumable = (run_dir / CHECKPOINT_DIR).is_dir() and (run_dir / CONFIG).is_file()
    return f"to resume, type: python -m grunlp.train resume={run_dir}" if is_resumable else "nothing was trained yet"
