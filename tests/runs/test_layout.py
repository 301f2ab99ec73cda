"""Run folders: never overwritten unasked, resumable after a kill, and malformed files are refused."""

import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator
from grunlp.data.input_manifest import write_manifest
from grunlp.runs.layout import RunMode, create_run_dir, delete_run, read_metrics, save_weights, start_run, write_metrics
from grunlp.tasks.config import compose_config, load_initial_config
from grunlp.tasks.srl.checkpoint import build_srl_model, load_trained_srl
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of

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


def test_a_training_of_an_earlier_format_is_not_resumed(tmp_path: Path) -> None:
    shutil.copy(FORMATS / "2/tag/config.yaml", tmp_path)
    with pytest.raises(UserError, match=r"(?s)earlier version of grunlp.*format 2.*run_dir=NEW_FOLDER"):
        load_initial_config(tmp_path)


def config(*overrides: str) -> DictConfig:
    return compose_config(["recipe=srl", "debug=tiny", *overrides])


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    path, vocabulary = tmp_path / "run", vocabulary_of(CORPUS)
    path.mkdir()
    save_config_and_vocab(path, config(), SRLCollator(vocabulary, None), None)
    save_weights(path, build_srl_model(config(), vocabulary, None).eval())
    return path


def test_default_folders_never_collide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    paths = {create_run_dir("srl", None, False) for _ in range(3)}
    assert len(paths) == 3 and all(path.parent == Path("runs/srl") for path in paths)


def test_nothing_is_overwritten_unasked(run_dir: Path) -> None:
    with pytest.raises(UserError, match=r"(?s)is not empty.*it contains a run.*overwrite=true"):
        create_run_dir("srl", str(run_dir), overwrite=False)
    (run_dir / "notes.txt").write_text("mine")
    create_run_dir("srl", str(run_dir), overwrite=True)
    load_trained_srl(run_dir)  # still there: the new training may yet fail to start
    delete_run(run_dir)
    assert [path.name for path in run_dir.iterdir()] == ["notes.txt"], "what is not of the run stays"
    with pytest.raises(UserError, match="other files than a run"):
        create_run_dir("srl", str(run_dir), overwrite=True)


def test_a_run_killed_before_its_first_checkpoint_starts_over(tmp_path: Path) -> None:
    """A training may be killed before its folder can be resumed; files of the user's are never taken for that."""
    path = tmp_path / "run"
    for killed in (".data_manifest.json.7.part", "data_manifest.json", "checkpoint", ".config.yaml.7.part"):
        path.mkdir(exist_ok=True)
        (path / ".lock").write_text("7\n")
        if killed == "data_manifest.json":
            write_manifest(path / killed)
        elif killed == "checkpoint":
            (path / killed).mkdir()
        else:
            (path / killed).write_text("torn")
        assert create_run_dir("srl", str(path), overwrite=False) == path, killed
    start_run(path, RunMode.NEW)
    assert sorted(file.name for file in path.iterdir()) == [".lock", "checkpoint", "data_manifest.json"]
    for name, content in (("data_manifest.json", '{"a": 1}'), ("notes.txt", "mine"), ("checkpoint/best.ckpt", "mine")):
        shutil.rmtree(path)
        (path / name).parent.mkdir(parents=True)
        (path / name).write_text(content)
        for overwrite in (False, True):
            with pytest.raises(UserError, match="other files than a run"):
                create_run_dir("srl", str(path), overwrite)


def test_a_file_in_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    with pytest.raises(UserError, match="is a file"):
        create_run_dir("srl", str(tmp_path / "x"), overwrite=True)


def test_writing_metrics_of_one_split_keeps_the_others(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == {}
    write_metrics(tmp_path, "dev", {"f1": 1.0})
    write_metrics(tmp_path, "test", {"f1": 2.0})
    write_metrics(tmp_path, "dev", {"f1": 3.0})
    assert read_metrics(tmp_path) == {"dev": {"f1": 3.0}, "test": {"f1": 2.0}}
