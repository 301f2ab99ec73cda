"""The packages that the scripts install: whole, pinned, with checksums, and such as `pyproject.toml` allows."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
FOLDER = ROOT / "scripts" / "requirements"
OF = {"base": [], "serve": ["serve"], "dev": ["dev"]}  # file → extras
ENTRY = re.compile(
    r"(?P<name>\S+?)==(?P<version>\S+)(?: ; [^\\]+)?(?P<hashes>(?: *\\\n    --hash=sha256:[0-9a-f]{64})+)\n"
)


def asked(extras: list[str]) -> list[Requirement]:
    """What `pyproject.toml` asks for, those extras that an extra names included."""
    found = [Requirement(line) for line in PROJECT["dependencies"]]
    for extra in extras:
        for one in (Requirement(line) for line in PROJECT["optional-dependencies"][extra]):
            found += asked(sorted(one.extras)) if one.name == PROJECT["name"] else [one]
    return found


def pinned(text: str) -> dict[str, list[str]]:
    versions: dict[str, list[str]] = {}
    for match in ENTRY.finditer(text):
        versions.setdefault(match["name"], []).append(match["version"])
    return versions


@pytest.mark.parametrize("name", sorted(OF))
def test_all_that_is_asked_for_with_checksums(name: str) -> None:
    text = (FOLDER / f"{name}.txt").read_text()
    assert not ENTRY.sub("", text), "nothing but pinned packages with checksums"
    versions = pinned(text)
    assert "torch" not in versions and not [one for one in versions if one.startswith(("nvidia-", "cuda-"))]
    for requirement in asked(OF[name]):
        if requirement.name != "torch":
            found = versions[canonicalize_name(requirement.name)]
            assert all(requirement.specifier.contains(version) for version in found), requirement


def test_they_agree() -> None:
    dev = pinned((FOLDER / "dev.txt").read_text())
    for name in ("base", "serve"):
        assert pinned((FOLDER / f"{name}.txt").read_text()).items() <= dev.items()
    (torch,) = [line for line in (FOLDER / "torch.txt").read_text().splitlines() if not line.startswith("#")]
    (bound,) = [one.specifier for one in asked([]) if one.name == "torch"]
    assert torch.startswith("torch==") and bound.contains(torch.removeprefix("torch=="))


@pytest.mark.parametrize("file", ["setup.sh", "Dockerfile"])
def test_checksums_are_asked_for(file: str) -> None:
    lines = (ROOT / "scripts" / file).read_text().replace("\\\n", " ").splitlines()
    installing = [line for line in lines if "pip install" in line]
    assert len(installing) == 3
    for line in installing:
        itself = re.search(r"--no-deps (--editable )?\.( |$)", line)
        assert "--require-hashes" in line or "requirements/torch.txt" in line or itself, line
