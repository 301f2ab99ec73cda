"""The container's recipe names what is there; nothing is built."""

import re
import shlex
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "scripts/Dockerfile").read_text(encoding="utf-8")


def test_what_it_copies_is_there_and_reaches_it() -> None:
    copied = [
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", DOCKERFILE, re.MULTILINE)
        for source in shlex.split(line)[:-1]
    ]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    allowed = {line[1:] for line in ignored if line.startswith("!")}
    assert "*" in ignored and set(copied) == allowed and len(copied) == 7
    assert all((ROOT / source).exists() for source in copied)


def test_it_is_nobody_and_says_whether_it_lives() -> None:
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", final, re.MULTILINE) and "HEALTHCHECK" in final
    assert "grunlp-serve" in final.splitlines()[-1]
