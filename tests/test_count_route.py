"""The route from the command to the recurrence is short, and the script that counts it cannot be fooled."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import count_route


def test_the_route_has_at_most_300_lines_in_4_files(capsys: pytest.CaptureFixture[str]) -> None:
    assert count_route.main() == 0
    assert capsys.readouterr().out.splitlines()[-1].split()[:3] == ["total", "4", "files"]


def test_a_function_that_nothing_before_it_references_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    route = [step for step in count_route.ROUTE if step[1] != "SRLModel.__init__"]
    monkeypatch.setattr(count_route, "ROUTE", [route[0], route[-1]])
    with pytest.raises(SystemExit, match="gru_step is not referenced"):
        count_route.main()


def test_a_route_that_ends_without_the_equations_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(count_route, "ROUTE", count_route.ROUTE[:-1])
    with pytest.raises(SystemExit, match="lacks the equation r = "):
        count_route.main()
