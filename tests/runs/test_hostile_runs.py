"""Run folders made to do harm: they end in plain errors, run nothing, and reach nothing outside of themselves."""

import io
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from grunlp.tasks.classification.checkpoint import load_trained_classifier
from grunlp.utils.errors import UserError
from grunlp.tasks.srl.checkpoint import load_init_weights, load_trained_labeller
from grunlp.runs.layout import load_initial_config, write_metrics
from grunlp.training.checkpointing import AtomicCheckpointIO
from grunlp.tasks.seq2seq.checkpoint import load_trained_seq2seq

FORMATS = Path(__file__).parents[1] / "formats/1"


class Hostile:
    """Makes a file when it is unpickled."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.file,))


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


def load(run: Path) -> Any:
    return (load_trained_seq2seq if (run / "tokenizer.json").is_file() else load_trained_labeller)(run)


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("hidden_size: 4", "hidden_size: 1000000000", "out of bounds"),
        ("hidden_size: 4", "hidden_size: 65536", "much larger network"),
        ("hidden_size: 4", "hidden_size: .nan", "wrong type"),
        ("dropout: 0.", "dropout: .nan #", "out of bounds"),
        ("hidden_size: 4", "hiden_size: 4", r"unknown key model\.hiden_size(?s:.)*model.hidden_size"),
        ("hidden_size: 4", "hidden_size: 4\n  _target_: os.system", r"unknown key model\._target_"),
        ("hidden_size: 4", "hidden_size: ${oc.env:HOME}", "refers to another value"),
        ("hidden_size: 4", "hidden_size: 4\n  hidden_size: 4", "twice"),
        ("num_layers: 1", "num_layers: '1'", "wrong type"),
        ("seed: 1", "seed: 1\nhydra: {}", "unknown key"),
        ("  name: ", "  name: /etc/", "no such choice"),
    ],
)
def test_settings(run: Path, old: str, new: str, message: str) -> None:
    load(run)
    change(run / "config.yaml", old, new)
    with pytest.raises(UserError, match=message):
        load(run)


def test_no_pickle_is_read(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    for name in ("pytorch_model.bin", "model.pt", "modeling.py"):
        (run / "encoder" / name).write_bytes(pickle.dumps(Hostile(tmp_path / "hacked")))
        with pytest.raises(UserError, match="does not belong there"):
            load_trained_labeller(run)
        (run / "encoder" / name).unlink()
    (run / "weights.safetensors").write_bytes(pickle.dumps(Hostile(tmp_path / "hacked")))
    with pytest.raises(UserError, match="do not fit"):
        load_trained_labeller(run)
    with pytest.raises(UserError, match="do not fit"):
        load_init_weights(str(run))
    assert not (tmp_path / "hacked").exists()


def test_no_checkpoint_runs_code(tmp_path: Path) -> None:
    file = tmp_path / "resume.ckpt"
    zipped = io.BytesIO()
    torch.save({"state": Hostile(tmp_path / "hacked")}, zipped)
    for content in (zipped.getvalue(), pickle.dumps(Hostile(tmp_path / "hacked"))):
        file.write_bytes(content)
        for asked in (None, False, True):
            with pytest.raises(UserError, match="no checkpoint of grunlp"):
                AtomicCheckpointIO().load_checkpoint(file, weights_only=asked)
        assert not (tmp_path / "hacked").exists()
        torch.load(io.BytesIO(content), weights_only=False) if content[:2] == b"PK" else pickle.loads(content)
        assert (tmp_path / "hacked").exists(), "the file would have done harm"
        (tmp_path / "hacked").unlink()


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("config.json", {"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
        ("config.json", {"_attn_implementation": "some/kernel"}, "_attn_implementation"),
        ("config.json", {"num_hidden_layers": 10**9}, "out of bounds"),
        ("config.json", {"hidden_size": 10**12}, "out of bounds"),
        ("config.json", {"vocab_size": 2**30}, "much larger network"),
        ("config.json", {"model_type": "nothing-known"}, "no encoder"),
        ("config.json", {"hidden_act": "os.system"}, "no encoder"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.T", None]}}, "auto_map"),
        ("tokenizer_config.json", {"vocab_file": "/etc/passwd"}, "vocab_file"),
    ],
)
def test_settings_of_encoders(tmp_path: Path, name: str, more: dict[str, Any], message: str) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder" / name
    file.write_text(json.dumps(json.loads(file.read_text()) | more))
    with pytest.raises(UserError, match=message):
        load_trained_labeller(run)


def test_tokenizers(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "lm", tmp_path / "run"))
    from grunlp.tasks.language_modeling.checkpoint import load_trained_language_model

    file = run / "tokenizer.json"
    good = json.loads(file.read_text())
    load_trained_language_model(run)
    slow = {"type": "Split", "pattern": {"Regex": "(a+)+$"}, "behavior": "Isolated", "invert": False}
    padding = {"strategy": {"Fixed": 10**12}, "direction": "Right", "pad_to_multiple_of": None, "pad_id": 0}
    for more in ({"pre_tokenizer": slow}, {"padding": padding | {"pad_type_id": 0, "pad_token": "<pad>"}}):
        file.write_text(json.dumps(good | more))
        with pytest.raises(UserError, match="not a tokenizer of grunlp"):
            load_trained_language_model(run)


def test_links_lead_nowhere(run: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.json"
    mine.write_text("{}")
    (run / "metrics.json").unlink(missing_ok=True)
    (run / "metrics.json").symlink_to(mine)
    with pytest.raises(UserError, match="leads out of the run folder"):
        load(run)


def test_tables(tmp_path: Path) -> None:
    run = Path(shutil.copytree(FORMATS / "classify", tmp_path / "run"))
    good = json.loads((run / "vocabulary.json").read_text())
    for more in (
        {"words": {"<pad>": 0, "<unk>": -1}},
        {"words": {"<pad>": 0, "<unk>": 1e9}},
        {"tags": ["a", "a"]},
        {"tags": [1]},
        {"more": 1},
        {"tags": [f"t{i}" for i in range(5000)]},
        {"words": good["words"] | {"another": 1}},
    ):
        (run / "vocabulary.json").write_text(json.dumps(good | more))
        with pytest.raises(UserError):
            load_trained_classifier(run)
    (run / "vocabulary.json").write_text(json.dumps(good))
    for classes in (["a"], ["a", "a"], ["a", 1], "ab", ["a", "b", "c", "d"]):
        (run / "classes.json").write_text(json.dumps({"classes": classes, "features": None}))
        with pytest.raises(UserError):
            load_trained_classifier(run)


def test_scores_and_sources(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("[1]")
    with pytest.raises(UserError, match="no scores of splits"):
        write_metrics(tmp_path, "dev", {})
    shutil.copy(FORMATS / "tag/config.yaml", tmp_path)
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "data.json").write_text('{"/etc/passwd": 1}')
    with pytest.raises(UserError, match="no list of files"):
        load_initial_config(tmp_path)
