"""Run folders: never overwritten unasked, resumable after a kill, and malformed files are refused."""

import json
import os
import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import yaml
from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator
from grunlp.data.input_manifest import write_manifest
from grunlp.runs.file_list import run_file, start_file_list
from grunlp.runs.layout import (
    RunMode,
    complete_run,
    create_run_dir,
    delete_run,
    read_metrics,
    reject_special_inputs,
    save_weights,
    start_run,
    write_metrics,
)
from grunlp.tasks import spec_named
from grunlp.tasks.config import compose_config, load_initial_config, schemas
from grunlp.tasks.seq2seq.checkpoint import write_predictions
from grunlp.tasks.srl.checkpoint import build_srl_model, load_trained_srl
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of
from tests.runs.malicious_files import change

CORPUS = toy_corpus(8)

FORMATS = Path(__file__).parents[1] / "formats"


def test_malformed_metrics_and_sources_are_refused(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("[1]")
    with pytest.raises(UserError, match="expected scores by split"):
        write_metrics(tmp_path, "dev", {})
    shutil.copy(FORMATS / "4/tag/config.yaml", tmp_path)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "data_manifest.json").write_text('{"/etc/passwd": 1}')
    with pytest.raises(UserError, match="not a list of input files"):
        load_initial_config(tmp_path)


@pytest.mark.parametrize("kind", ["pipe", "/dev/zero", "link"])
def test_pipes_and_devices_are_not_the_data_of_a_run(tmp_path: Path, kind: str) -> None:
    """Opening a pipe waits for a writer, and a device may never end."""
    run, name = tmp_path / "run", kind if kind.startswith("/") else str(tmp_path / kind)
    run.mkdir()
    if kind != "/dev/zero":
        os.mkfifo(tmp_path / "pipe")
        (tmp_path / "link").symlink_to(tmp_path / "pipe")
    content = yaml.safe_load((FORMATS / "4/tag/config.yaml").read_text())
    content["data"]["test"] = name
    (run / "config.yaml").write_text(yaml.safe_dump(content))
    for call in (
        lambda: load_initial_config(run),
        lambda: spec_named("tagging").open_checked_split(None, run, "test"),
        lambda: spec_named("tagging").open_checked_split(None, f"{run},{run}", "test"),
    ):
        with pytest.raises(UserError, match=rf"data\.test={name} is a pipe or a device"):
            call()
    for other in (None, str(tmp_path / "missing"), "x" * 5000, "a\0b", str(tmp_path), str(run / "config.yaml")):
        content["data"]["test"] = other
        (run / "config.yaml").write_text(yaml.safe_dump(content))
        reject_special_inputs(run)
    reject_special_inputs(tmp_path / "missing")


def test_a_training_of_an_earlier_format_is_not_resumed(tmp_path: Path) -> None:
    shutil.copy(FORMATS / "2/tag/config.yaml", tmp_path)
    with pytest.raises(UserError, match=r"(?s)earlier version of grunlp.*format 2.*run_dir=NEW_FOLDER"):
        load_initial_config(tmp_path)


def config(*overrides: str) -> DictConfig:
    return compose_config(["recipe=srl", "debug=tiny", *overrides])


def make_run(path: Path) -> Path:
    """Write all files of an untrained labeller, as a training does, up to the interruption before its end."""
    torch.manual_seed(0)
    vocabulary = vocabulary_of(CORPUS)
    path.mkdir(exist_ok=True)
    start_run(path, RunMode.NEW)
    save_config_and_vocab(path, config(), SRLCollator(vocabulary, None), None)
    save_weights(path, build_srl_model(config(), vocabulary, None).eval())
    return path


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    return make_run(tmp_path / "run")


def create(path: Path, overwrite: bool) -> Path:
    return create_run_dir("srl", str(path), overwrite, schemas())


def test_default_folders_never_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is made exclusively: processes that ask at the same moment get different ones."""
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: create_run_dir("srl", None, False, schemas()), range(40)))
    assert len(set(paths)) == 40 and all(path.parent == Path("runs/srl") and path.is_dir() for path in paths)


def test_nothing_is_overwritten_unasked(run_dir: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)is not empty.*it contains a run.*overwrite=true"):
        create(run_dir, overwrite=False)
    create(run_dir, overwrite=True)
    load_trained_srl(run_dir)  # still there: the new training may yet fail to start
    (run_dir / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"(?s)other files than a run's: notes\.txt.*move these files away"):
        create(run_dir, overwrite=True)
    delete_run(run_dir)
    assert [path.name for path in run_dir.iterdir()] == ["notes.txt"], "what grunlp did not write stays"


@pytest.mark.parametrize(
    "name",
    [
        *("logs/notes.md", "checkpoint/mine.ckpt", "encoder/config.json", "nonfinite/batch.json", "logs/empty/"),
        *("predictions-test.txt", "forecast-dev.png", "classes.json", "scaling.json", ".metrics.json.7.part"),
        *(".lock/", "wandb/", "checkpoint/resume.ckpt.bak", ".vocabulary.json.part", "data/"),
    ],
)
def test_files_with_the_names_of_a_run_are_not_taken_for_its_own(run_dir: Path, name: str) -> None:
    """Overwriting is refused, and even an overwriting that was permitted a moment before removes none of them."""
    (run_dir / name).parent.mkdir(exist_ok=True)
    (run_dir / name).mkdir() if name.endswith("/") else (run_dir / name).write_text("mine")
    with pytest.raises(UserError, match=f"(?s)other files than a run's: .*{re.escape(name.rstrip('/'))}"):
        create(run_dir, overwrite=True)
    start_run(run_dir, RunMode.NEW)
    assert (run_dir / name).is_dir() if name.endswith("/") else (run_dir / name).read_text() == "mine"
    assert not (run_dir / "vocabulary.json").exists()


def test_a_folder_without_a_list_of_files_is_not_overwritten(run_dir: Path, tmp_path: Path) -> None:
    """A `config.yaml` and folders with the names of those of a run belong to websites and other programs too."""
    site = tmp_path / "site"
    for name in ("config.yaml", "logs/access.log", "checkpoint/a", "encoder/b", "metrics.json"):
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text("title: mine\n")
    (run_dir / "run_files.json").unlink()
    for folder in (site, run_dir):
        before = sorted(folder.rglob("*"))
        with pytest.raises(UserError, match="other files than a run's"):
            create(folder, overwrite=True)
        delete_run(folder)
        assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize(
    "content", ["{}", "[]", '{"format": 3, "files": [1]}', "not JSON", '{"format": 3, "files": {}}']
)
def test_a_malformed_list_of_files_is_refused(run_dir: Path, content: str) -> None:
    (run_dir / "run_files.json").write_text(content)
    with pytest.raises(UserError, match=r"run_files\.json"):
        create(run_dir, overwrite=True)


def test_a_list_from_a_stranger_reaches_nothing_outside(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("mine")
    (run_dir / "logs").symlink_to(tmp_path / "mine")
    (run_dir / "card.md").symlink_to(tmp_path / "mine/thesis.tex")
    with pytest.raises(UserError, match="other files than a run's"):
        create(run_dir, overwrite=True)
    delete_run(run_dir)
    assert not (run_dir / "config.yaml").exists() and (tmp_path / "mine/thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("name", ["{mine}/*", "../mine/*", "logs/../../mine/.thesis.tex.7.part", "index.html", "a/b"])
def test_a_list_with_names_of_the_user_is_refused(run_dir: Path, tmp_path: Path, name: str) -> None:
    """Before `resume` or `overwrite=true` deletes anything: the pattern matches an unfinished file of another run."""
    unfinished, page = tmp_path / "mine/.thesis.tex.7.part", run_dir / "index.html"
    unfinished.parent.mkdir()
    for file in (unfinished, page):
        file.write_text("mine")
    content = json.loads((run_dir / "run_files.json").read_text())
    content["files"].append(name.format(mine=unfinished.parent))
    (run_dir / "run_files.json").write_text(json.dumps(content))
    before = sorted(tmp_path.rglob("*"))
    for call in (
        lambda: create(run_dir, overwrite=True),
        lambda: start_run(run_dir, RunMode.RESUME),
        lambda: start_run(run_dir, RunMode.NEW),
        lambda: delete_run(run_dir),
        lambda: complete_run(run_dir),
    ):
        with pytest.raises(UserError, match="lists a file that grunlp does not write"):
            call()
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("overwrite", [False, True])
@pytest.mark.parametrize(
    "kept", ["weights.safetensors", "metrics.json", "vocabulary.json", "checkpoint/resume.ckpt", "checkpoint/best.ckpt"]
)
def test_a_run_without_its_configuration_is_not_the_beginning_of_one(run_dir: Path, kept: str, overwrite: bool) -> None:
    for name in ("metrics.json", "checkpoint/resume.ckpt", "checkpoint/best.ckpt"):
        run_file(run_dir, name).write_text("{}")
    for name in ("config.yaml", "vocabulary.json", "weights.safetensors", "metrics.json"):
        (run_dir / name).rename(run_dir.parent / name)
    shutil.move(run_dir / "checkpoint", run_dir.parent)
    assert create(run_dir, overwrite) == run_dir
    (run_dir / kept).parent.mkdir(exist_ok=True)
    (run_dir.parent / kept).rename(run_dir / kept)
    with pytest.raises(UserError, match=rf"(?s)is not empty.*without its config\.yaml: {kept}.*run_dir=ANOTHER"):
        create(run_dir, overwrite)
    assert (run_dir / kept).exists()


def test_a_run_whose_configuration_does_not_load_is_not_overwritten(run_dir: Path) -> None:
    change(run_dir / "config.yaml", "seed: 1", "seeds: 1")
    with pytest.raises(UserError, match="unknown key seeds"):
        create(run_dir, overwrite=True)


def test_nothing_is_written_over_a_file_of_the_user(run_dir: Path) -> None:
    """Nor is the user's file listed, so that a later training does not remove it."""
    (run_dir / "predictions-dev.txt").write_text("mine")
    with pytest.raises(UserError, match=r"predictions-dev\.txt exists, and grunlp did not write it"):
        write_predictions(run_dir, "dev", ["x"])
    assert (run_dir / "predictions-dev.txt").read_text() == "mine"
    write_predictions(run_dir, "test", ["x"])
    write_predictions(run_dir, "test", ["y"])
    assert (run_dir / "predictions-test.txt").read_text() == "y\n"
    (run_dir / "predictions-dev.txt").unlink()
    create(run_dir, overwrite=True)


def test_a_run_killed_before_its_first_checkpoint_starts_over(tmp_path: Path) -> None:
    """A training may be killed before its folder can be resumed; files of the user's are never taken for that."""
    path = tmp_path / "run"
    for killed in (".run_files.json.7.part", "run_files.json", ".data_manifest.json.7.part", "data_manifest.json"):
        path.mkdir(exist_ok=True)
        (path / ".lock").write_text("7\n")
        if killed == "run_files.json":
            start_file_list(path)
        elif killed == "data_manifest.json":
            write_manifest(run_file(path, killed))
        else:
            run_file(path, "data_manifest.json")
            (path / killed).write_text("torn")
        assert create(path, overwrite=False) == path, killed
    start_run(path, RunMode.NEW)
    assert sorted(file.name for file in path.iterdir()) == [
        *(".lock", "checkpoint", "data_manifest.json", "run_files.json")
    ]
    assert create(path, overwrite=False) == path
    for name in ("data_manifest.json", "notes.txt", "checkpoint/best.ckpt", "checkpoint/resume.ckpt"):
        shutil.rmtree(path)
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text("mine")
        for overwrite in (False, True):
            with pytest.raises(UserError, match="other files than a run"):
                create(path, overwrite)


def test_an_interrupted_overwriting_can_be_repeated(run_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever file is removed last before a kill, the folder is still a run, or the beginning of one."""
    unlink = Path.unlink
    removed = 0

    def killed(path: Path, missing_ok: bool = False) -> None:
        nonlocal removed
        if removed == limit:
            raise KeyboardInterrupt
        removed += 1
        unlink(path, missing_ok)

    for limit in range(5):  # noqa: B007 - `killed` reads it
        make_run(run_dir)
        removed = 0
        with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
            patched.setattr(Path, "unlink", killed)
            delete_run(run_dir)
        create(run_dir, overwrite=True)
    start_run(run_dir, RunMode.NEW)


def test_completing_a_run_removes_its_checkpoints_and_no_others(run_dir: Path) -> None:
    run_file(run_dir, "checkpoint/best.ckpt").write_text("")
    run_file(run_dir, "checkpoint/resume.ckpt").write_text("")
    (run_dir / "checkpoint/mine.ckpt").write_text("mine")
    complete_run(run_dir)
    assert [path.name for path in (run_dir / "checkpoint").iterdir()] == ["mine.ckpt"]
    (run_dir / "checkpoint/mine.ckpt").unlink()
    complete_run(run_dir)
    assert not (run_dir / "checkpoint").exists()
    complete_run(run_dir)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError, match="is a file"):
        create(tmp_path / "x", overwrite=True)


def test_writing_metrics_of_one_split_keeps_the_others(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == {}
    write_metrics(tmp_path, "dev", {"f1": 1.0})
    write_metrics(tmp_path, "test", {"f1": 2.0})
    write_metrics(tmp_path, "dev", {"f1": 3.0})
    assert read_metrics(tmp_path) == {"dev": {"f1": 3.0}, "test": {"f1": 2.0}}
