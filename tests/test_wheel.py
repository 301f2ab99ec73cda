"""An installed wheel is whole: recipes and configs are inside, and the command trains a step far from any checkout."""

import json
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from tests.random_srl_corpus import toy_corpus

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run([str(part) for part in command], cwd=cwd, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # a copy, so that no build folder is left in the checkout
    run("git", "clone", "--quiet", ROOT, folder / "source", cwd=folder)
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, folder / "source", cwd=folder)
    (path,) = folder.glob("*.whl")
    return path


@pytest.mark.slow
def test_every_module_recipe_and_config_is_inside(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    tracked = run("git", "ls-files", "grunlp", "recipes", "configs", cwd=ROOT).split()
    sources = {path for path in tracked if path.endswith(".cpp")}
    expected = {path if path.startswith("grunlp/") else f"grunlp/{path}" for path in tracked if path not in sources}
    assert len(expected) > 40 and expected <= inside
    built = [path for path in inside if "_recurrence_portable" in path]
    assert len(built) == 1 and len(sources) == 1, "what the sources are compiled to is inside instead"


@pytest.mark.slow
def test_trains_a_step_in_a_new_environment(wheel: Path, tmp_path: Path) -> None:
    from grunlp.data.writers import write_columns

    run(sys.executable, "-m", "venv", "--without-pip", "env", cwd=tmp_path)
    python = tmp_path / "env/bin/python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--quiet", wheel, cwd=tmp_path)
    # the dependencies are those of this environment: the wheel is what is new
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    assert str(packages) in run(python, "-c", "import grunlp; print(grunlp.__file__)", cwd=tmp_path)
    with (tmp_path / "toy.conll").open("w") as file:
        write_columns(toy_corpus(40), file)
    with (tmp_path / "dev.conll").open("w") as file:
        write_columns(toy_corpus(10, 1), file)
    command = tmp_path / "env/bin/grunlp-train"
    out = run(command, "recipe=srl", "debug=step", "data.train=toy.conll", "data.dev=dev.conll", cwd=tmp_path)
    assert "epoch 1/1" in out and list(tmp_path.glob("runs/srl/*/weights.safetensors"))
    record = json.loads(run(tmp_path / "env/bin/grunlp-predict", "She gave him a book.", cwd=tmp_path))
    assert [frame["roleset"] for frame in record["frames"]] == ["give.01"], "the model in the box is inside"
