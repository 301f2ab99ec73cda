"""What a checkpoint to go on from holds, when it is saved, and what happens where it cannot be."""

import copy
import errno
import io
import os
import pickle
import resource
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.loggers import TensorBoardLogger
from pytorch_lightning.loggers.csv_logs import ExperimentWriter

from grunlp.runs.file_list import foreign_entries, start_file_list
from grunlp.training import trainer
from grunlp.training.checkpointing import (
    RESUME_CHECKPOINT,
    AppendingCSVLogger,
    AtomicCheckpointIO,
    ResumeCheckpoint,
    RunTensorBoardLogger,
    completed_steps,
)
from grunlp.utils.errors import UserError, WriteError
from tests.runs.malicious_files import Hostile
from tests.training.test_nan_guard import Data, Task, trained


class Killed(BaseException):
    """Ends a training as nothing else does."""


def kill_at(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a training end at a batch, counted over all epochs."""
    begin, left = ResumeCheckpoint.on_train_batch_start, [batch]

    def killed(self: ResumeCheckpoint, *arguments: Any) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Killed
        begin(self, *arguments)

    monkeypatch.setattr(ResumeCheckpoint, "on_train_batch_start", killed)


def saved(folder: Path, every: str, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Epochs and batches at which checkpoints are saved."""
    found = []
    save = ResumeCheckpoint._save

    def noted(self: ResumeCheckpoint, trainer: Any) -> None:
        found.append(trainer.datamodule.resume_position)
        save(self, trainer)

    with monkeypatch.context() as patched:
        patched.setattr(ResumeCheckpoint, "_save", noted)
        trained(
            folder,
            Task(),
            Data({}),
            f"trainer.checkpoint_every_seconds={every}",
            "trainer.accumulate_grad_batches=3",
            "trainer.max_epochs=3",
        )
    return found


def test_when_it_is_saved(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert saved(tmp_path / "0", "0", monkeypatch) == [(1, 0), (2, 0)]
    assert saved(tmp_path / "1", "300", monkeypatch) == []
    always = [(epoch, batch) for epoch in range(3) for batch in (0, 3, 6, 9)]
    assert saved(tmp_path / "2", "1e-9", monkeypatch) == always, "where no gradients wait"


def test_it_takes_up_time_memory_and_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched, pytest.raises(Killed):
        kill_at(15, patched)
        trained(tmp_path, Task(), Data({}), "trainer.checkpoint_every_seconds=1e-9", "trainer.max_epochs=4")
    point = tmp_path / "checkpoint" / RESUME_CHECKPOINT
    content = torch.load(point, weights_only=True)
    assert completed_steps(point) == 14 and content["Data"] == {"epoch": 1, "batch": 2, "world_size": 1}
    state = next(state for state in content["callbacks"].values() if "seconds" in state)
    state["seconds"], state["memory"] = 1000.0, 2.0**30
    torch.save(content, point)
    with (tmp_path / "logs/csv/metrics.csv").open("a") as file:
        file.write("torn,0.1")
    took = trained(tmp_path, Task(), Data({}), "trainer.max_epochs=4")
    (found,) = (one for one in took.callbacks if isinstance(one, ResumeCheckpoint))
    assert 1000 < found.seconds < 1100 and found.peak_memory == 2.0**30
    rows = (tmp_path / "logs/csv/metrics.csv").read_text().splitlines()
    place = rows[0].split(",").index("step")
    steps = [int(row.split(",")[place]) for row in rows[1:]]
    assert steps == sorted(steps) and steps[0] < 14 < steps[-1] == 47
    whole = tmp_path / "whole"
    trained(whole, Task(), Data({}), "trainer.max_epochs=4")
    assert len((whole / "logs/csv/metrics.csv").read_text().splitlines()) == len(rows)
    assert (whole / "weights.safetensors").read_bytes() == (tmp_path / "weights.safetensors").read_bytes()


class Evil:
    """What is unpickled as a call."""

    def __reduce__(self) -> Any:
        return (print, ("called",))


def test_no_checkpoint_is_unpickled(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    point = tmp_path / "checkpoint" / RESUME_CHECKPOINT
    point.parent.mkdir()
    torch.save({"global_step": Evil()}, point)
    for weights_only in (True, False, None):
        with pytest.raises(UserError, match="not a checkpoint of grunlp"):
            AtomicCheckpointIO().load_checkpoint(point, weights_only=weights_only)
    with pytest.raises(UserError, match="not a checkpoint of grunlp"):
        trained(tmp_path, Task(), Data({}))
    point.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(UserError, match="not a checkpoint of grunlp"):
        trained(tmp_path, Task(), Data({}))
    assert "called" not in capsys.readouterr().out


@pytest.fixture
def unwritable(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[int]]:
    """Numbers of the writes that fail, from 0, by the name of the checkpoint."""
    save, failing, count = AtomicCheckpointIO.save_checkpoint, dict[str, list[int]](), Counter[str]()

    def full(self: AtomicCheckpointIO, checkpoint: dict[str, Any], path: Any, storage_options: Any = None) -> None:
        name = Path(path).name
        count[name] += 1
        if count[name] - 1 in failing.get(name, ()):
            raise WriteError(f"cannot write {path}: No space left on device", "", "Free disk space.")
        save(self, checkpoint, path, storage_options)

    monkeypatch.setattr(AtomicCheckpointIO, "save_checkpoint", full)
    return failing


def test_a_full_disk_keeps_the_training_going(
    tmp_path: Path, unwritable: dict[str, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    unwritable[RESUME_CHECKPOINT] = [0, 1]
    trained(tmp_path, Task(), Data({}), "trainer.checkpoint_every_seconds=1e-9")
    assert caplog.text.count("no checkpoint to resume from was saved: cannot write") == 2
    assert (tmp_path / "weights.safetensors").is_file()


@pytest.mark.parametrize("failing", [[1], [0], [0, 1], [1, 2]])
@pytest.mark.slow
def test_a_full_disk_keeps_the_epoch_that_was_saved_before(
    tmp_path: Path, unwritable: dict[str, list[int]], caplog: pytest.LogCaptureFixture, failing: list[int]
) -> None:
    """The score of the next epoch is compared with that of the file, not with one that was not saved."""
    unwritable["best.ckpt"] = failing
    trained(tmp_path, Task(), Data({}), "trainer.max_epochs=3", "trainer.checkpoint_every_seconds=1e-9")
    assert caplog.text.count("the weights of this epoch were not saved: cannot write") == len(failing)
    last_saved = max({0, 1, 2} - set(failing))  # each epoch is better than those before
    trained(tmp_path / "whole", Task(), Data({}), f"trainer.max_epochs={last_saved + 1}")
    assert (tmp_path / "weights.safetensors").read_bytes() == (tmp_path / "whole/weights.safetensors").read_bytes()


def test_without_a_saved_epoch_the_training_can_be_resumed(
    tmp_path: Path, unwritable: dict[str, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    unwritable["best.ckpt"] = [0, 1]
    with pytest.raises(
        WriteError, match=r"(?s)cannot write .*best\.ckpt: No space left.*no epoch was saved.*Free disk"
    ):
        trained(tmp_path, Task(), Data({}), "trainer.checkpoint_every_seconds=1e-9")
    assert not (tmp_path / "weights.safetensors").exists()
    trained(tmp_path, Task(), Data({}))
    trained(tmp_path / "whole", Task(), Data({}))
    assert (tmp_path / "weights.safetensors").read_bytes() == (tmp_path / "whole/weights.safetensors").read_bytes()


def test_a_full_disk_keeps_the_last_epochs_that_were_saved(tmp_path: Path, unwritable: dict[str, list[int]]) -> None:
    unwritable["last-epoch=2.ckpt"] = [0]
    with pytest.raises(Killed), pytest.MonkeyPatch.context() as patched:
        kill_at(40, patched)
        trained(tmp_path, Task(), Data({}), "trainer.average_last_epochs=2", "trainer.max_epochs=4")
    assert {path.name for path in (tmp_path / "checkpoint").glob("last-*")} == {f"last-epoch={n}.ckpt" for n in (0, 1)}


@pytest.fixture(scope="module")
def interrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The checkpoint of an interrupted training."""
    folder = tmp_path_factory.mktemp("interrupted")
    with pytest.MonkeyPatch.context() as patched, pytest.raises(Killed):
        kill_at(15, patched)
        trained(folder, Task(), Data({}), "trainer.checkpoint_every_seconds=1e-9")
    content: dict[str, Any] = torch.load(folder / "checkpoint" / RESUME_CHECKPOINT, weights_only=True)
    return content


@pytest.mark.parametrize("value", ["missing", "text", None, {}])
@pytest.mark.parametrize(
    "key",
    ["global_step", "epoch", "loops", "callbacks", "state_dict", "optimizer_states", "lr_schedulers", "Data"],
)
@pytest.mark.slow
def test_a_foreign_checkpoint_is_a_plain_error(
    tmp_path: Path, interrupted: dict[str, Any], key: str, value: Any
) -> None:
    """Or the training goes on, where Lightning does not need the value."""
    content = {name: part for name, part in interrupted.items() if name != key}
    content |= {} if value == "missing" else {key: value}
    with suppress(UserError):
        resume_from(content, tmp_path)


@pytest.mark.parametrize(
    "keys",
    [
        ("loops", "fit_loop", "epoch_progress", "total", "ready"),
        ("loops", "fit_loop", "epoch_loop.batch_progress", "current", "completed"),
        ("loops", "fit_loop", "epoch_loop.state_dict"),
        ("callbacks", "ResumeCheckpoint", "seconds"),
        ("callbacks", "EarlyStopping{'monitor': 'dev/loss', 'mode': 'min'}", "best_score"),
        ("Data", "epoch"),
    ],
)
def test_a_checkpoint_with_text_in_place_of_a_number_is_a_plain_error(
    tmp_path: Path, interrupted: dict[str, Any], keys: tuple[str, ...]
) -> None:
    content = copy.deepcopy(interrupted)
    part = content
    for key in keys[:-1]:
        part = part[key]
    assert keys[-1] in part
    part[keys[-1]] = "text"
    with pytest.raises(UserError, match="is not a checkpoint of grunlp"):
        resume_from(content, tmp_path)


def resume_from(content: dict[str, Any], folder: Path) -> None:
    """Resume a training from a checkpoint with this content."""
    (folder / "checkpoint").mkdir()
    torch.save(content, folder / "checkpoint" / RESUME_CHECKPOINT)
    trained(folder, Task(), Data({}))


@pytest.mark.parametrize("content", [b"", b"text", {"a": 1}, [1], torch.zeros(2), {"global_step": "1"}, {1: 2}])
def test_a_file_that_is_no_checkpoint_is_a_plain_error(tmp_path: Path, content: Any) -> None:
    point = tmp_path / "checkpoint" / RESUME_CHECKPOINT
    point.parent.mkdir()
    point.write_bytes(content) if isinstance(content, bytes) else torch.save(content, point)
    with pytest.raises(UserError, match=rf"{RESUME_CHECKPOINT}: is not a checkpoint of grunlp.*\n.*\nRemove it"):
        trained(tmp_path, Task(), Data({}))


def test_errors_of_a_resumed_training_are_its_own(tmp_path: Path, interrupted: dict[str, Any]) -> None:
    point = tmp_path / "checkpoint" / RESUME_CHECKPOINT
    point.parent.mkdir()
    torch.save(interrupted, point)

    def fail(output: torch.Tensor) -> torch.Tensor:
        raise ValueError("of the loss")

    with pytest.raises(ValueError, match="of the loss"):
        trained(tmp_path, Task(fail), Data({}))


def limited(function: Callable[[], None]) -> None:
    """Call with files of at most 100 kB, as on a disk that is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    ignored = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        function()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, ignored)


@pytest.mark.parametrize("sizes", [(100_000,), (10, 100_000), (10_000,) * 10])
def test_torch_reports_a_full_disk_as_another_error(tmp_path: Path, sizes: tuple[int, ...]) -> None:
    """Torch raises RuntimeError, whichever of its writes fails; the old checkpoint stays."""
    point = tmp_path / "checkpoint" / RESUME_CHECKPOINT
    AtomicCheckpointIO().save_checkpoint({"global_step": 3, "callbacks": {}}, point)
    checkpoint = {str(i): torch.zeros(size) for i, size in enumerate(sizes)}
    with pytest.raises(WriteError, match=r"cannot write .*resume\.ckpt: File too large"):
        limited(lambda: AtomicCheckpointIO().save_checkpoint(checkpoint, point))
    assert AtomicCheckpointIO().load_checkpoint(point)["global_step"] == 3
    assert list(point.parent.iterdir()) == [point]


def test_other_errors_of_torch_are_not_taken_for_a_full_disk(tmp_path: Path) -> None:
    class Unwritable:
        def __reduce__(self) -> Any:
            raise RuntimeError("not of the disk")

    with pytest.raises(RuntimeError, match="not of the disk"):
        AtomicCheckpointIO().save_checkpoint({"a": Unwritable()}, tmp_path / "checkpoint/a.ckpt")


def test_a_training_goes_on_whose_logs_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def full_in_thread(*arguments: Any) -> None:
        try:
            full()
        except OSError as error:
            raise ValueError("you tried to log 1.0 which is currently not supported") from error

    table, board = AppendingCSVLogger(tmp_path, 0), RunTensorBoardLogger(tmp_path)
    for _ in range(3):
        with monkeypatch.context() as patched:
            patched.setattr(ExperimentWriter, "save", full)
            patched.setattr(TensorBoardLogger, "log_metrics", full_in_thread)
            for logger in (table, board):
                logger.log_metrics({"a": 1.0}, 0)
                logger.save()
    assert caplog.text.count("logs/tensorboard: No space left on device") == 1
    assert caplog.text.count("logs/csv: No space left on device") == 3
    table.save()
    assert (tmp_path / "logs/csv/metrics.csv").read_text().startswith("a,step")
    with pytest.raises(ValueError, match="not supported"):
        RunTensorBoardLogger(tmp_path / "b").log_metrics({"a": "text"}, 0)  # type: ignore[dict-item]


def test_logs_are_written_into_the_folder_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where its name has signs that a shell expands, and not through links."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("~", "$HOME", "-run", "a b"):
        run = Path(name)
        start_run_files(run)
        RunTensorBoardLogger(run).log_metrics({"a": 1.0}, 0)
        AppendingCSVLogger(run, 0)
        assert list((run / "logs/tensorboard").glob("events.*")) and not list(foreign_entries(run))
    assert not (tmp_path / "home").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/hparams.yaml").write_text("mine")
    for name in ("logs", "logs/tensorboard", "logs/csv"):
        run = Path(f"run-{Path(name).name}")
        (run / name).parent.mkdir(parents=True)
        (run / name).symlink_to(tmp_path / "mine")
        with pytest.raises(UserError, match="symbolic link"):
            RunTensorBoardLogger(run)
            AppendingCSVLogger(run, 0)
    run = Path("run")
    for folder in ("csv", "tensorboard"):
        (run / "logs" / folder).mkdir(parents=True)
        (run / "logs" / folder / "hparams.yaml").hardlink_to(tmp_path / "mine/hparams.yaml")
    for logger in (RunTensorBoardLogger(run), AppendingCSVLogger(run, 0)):
        logger.log_hyperparams({"a": 1})
        logger.save()
    assert [file.name for file in (tmp_path / "mine").iterdir()] == ["hparams.yaml"]
    assert (tmp_path / "mine/hparams.yaml").read_text() == "mine"


def start_run_files(run: Path) -> None:
    run.mkdir()
    start_file_list(run)


def test_a_full_disk_at_the_end_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any) -> None:
        raise UserError("cannot write weights.safetensors: No space left on device")

    with monkeypatch.context() as patched, pytest.raises(UserError, match="No space left"):
        patched.setattr(trainer, "save_weights", full)
        trained(tmp_path, Task(), Data({}), "trainer.checkpoint_every_seconds=0")
    assert {path.name for path in (tmp_path / "checkpoint").iterdir()} == {"best.ckpt", RESUME_CHECKPOINT}
    trained(tmp_path, Task(), Data({}))
    trained(tmp_path / "whole", Task(), Data({}))
    assert (tmp_path / "weights.safetensors").read_bytes() == (tmp_path / "whole/weights.safetensors").read_bytes()


def test_a_new_log_keeps_nothing(tmp_path: Path) -> None:
    for steps in (0, 3):
        logger = AppendingCSVLogger(tmp_path, steps)
        logger.log_metrics({"a": 1.0}, step=steps)
        logger.save()
    assert (tmp_path / "logs/csv/metrics.csv").read_text().split() == ["a,step", "1.0,0", "1.0,3"]
    AppendingCSVLogger(tmp_path, 0)
    assert not (tmp_path / "logs/csv/metrics.csv").exists()


def test_gradients_are_added_up_in_one_order(tmp_path: Path) -> None:
    """Of what is read by index: on several threads torch otherwise adds them as they come."""
    found = []
    index = torch.randint(8, (40_000,), generator=torch.Generator().manual_seed(0))
    values = torch.randn(40_000, 3, generator=torch.Generator().manual_seed(1))

    def summed(output: torch.Tensor) -> torch.Tensor:
        table = torch.zeros(8, 3, requires_grad=True)
        (table[index] * values).sum().backward()
        assert table.grad is not None
        found.append(table.grad)
        return output

    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        trained(tmp_path, Task(summed), Data({}), "trainer.max_epochs=1")
    finally:
        torch.set_num_threads(before)
    assert len(found) == 12 and all(torch.equal(one, found[0]) for one in found)


def test_no_checkpoint_runs_code(tmp_path: Path) -> None:
    file = tmp_path / "resume.ckpt"
    zipped = io.BytesIO()
    torch.save({"state": Hostile(tmp_path / "hacked")}, zipped)
    for content in (zipped.getvalue(), pickle.dumps(Hostile(tmp_path / "hacked"))):
        file.write_bytes(content)
        for asked in (None, False, True):
            with pytest.raises(UserError, match="not a checkpoint of grunlp"):
                AtomicCheckpointIO().load_checkpoint(file, weights_only=asked)
        assert not (tmp_path / "hacked").exists()
        torch.load(io.BytesIO(content), weights_only=False) if content[:2] == b"PK" else pickle.loads(content)
        assert (tmp_path / "hacked").exists(), "the file would have done harm"
        (tmp_path / "hacked").unlink()
