"""Configuration files of pretrained encoders: malformed and hostile ones are refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from grunlp.tasks import task_of
from grunlp.utils.errors import UserError

FORMATS = Path(__file__).parents[1] / "formats/1"


@pytest.fixture(params=["tag", "encoder", "translate"])
def run(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return Path(shutil.copytree(FORMATS / request.param, tmp_path / "run"))


@pytest.mark.parametrize(
    ("name", "more", "message"),
    [
        ("config.json", {"auto_map": {"AutoModel": "evil.Model"}}, "auto_map"),
        ("config.json", {"_attn_implementation": "some/kernel"}, "_attn_implementation"),
        ("config.json", {"num_hidden_layers": 10**9}, "out of bounds"),
        ("config.json", {"hidden_size": 10**12}, "out of bounds"),
        ("config.json", {"vocab_size": 2**30}, "much larger network"),
        ("config.json", {"model_type": "nothing-known"}, "is not an encoder"),
        ("config.json", {"hidden_act": "os.system"}, "is not an encoder"),
        ("tokenizer_config.json", {"auto_map": {"AutoTokenizer": ["evil.T", None]}}, "auto_map"),
        ("tokenizer_config.json", {"vocab_file": "/etc/passwd"}, "vocab_file"),
    ],
)
def test_hostile_settings_of_encoders_are_refused(
    tmp_path: Path, name: str, more: dict[str, Any], message: str
) -> None:
    run = Path(shutil.copytree(FORMATS / "encoder", tmp_path / "run"))
    file = run / "encoder" / name
    file.write_text(json.dumps(json.loads(file.read_text()) | more))
    with pytest.raises(UserError, match=message):
        task_of(run).load_trained(run)
