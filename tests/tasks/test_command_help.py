"""Options of commands that depend on the task of `run=`."""

from pathlib import Path

import pytest

from grunlp.tasks import predictive_specs, spec_named
from grunlp.tasks.command_help import format_sections, options_by_task, run_argument


@pytest.mark.parametrize(
    ("arguments", "run"),
    [
        ([], None),
        (["text"], None),
        (["run=a"], "a"),
        (["run=a,b"], "a"),
        (["run=a", "x=1", "run=b"], "b"),
        (["run=a=b"], "a=b"),
    ],
)
def test_the_last_run_counts(arguments: list[str], run: str | None) -> None:
    assert run_argument(arguments) == run


def test_without_a_run_there_are_the_options_of_every_task() -> None:
    for arguments in ([], ["run=nowhere"]):
        found = options_by_task(arguments, lambda spec: spec.predict_options)
        assert set(found) == {spec.name for spec in predictive_specs()}
        assert "nbest" in found["tagging"] and "nbest" not in found["classification"]


def test_a_run_has_the_options_of_its_task_with_its_own_defaults(runs: dict[str, Path]) -> None:
    found = options_by_task([f"run={runs['writer']}"], lambda spec: spec.predict_options)
    assert list(found) == ["seq2seq"] and found["seq2seq"]["beam"].default == 2
    general = options_by_task([], lambda spec: spec.predict_options)["seq2seq"]
    assert general["beam"].default != 2 and found["seq2seq"].keys() == general.keys()


def test_shared_options_are_listed_once() -> None:
    text = format_sections(options_by_task([], lambda spec: spec.predict_options))
    shared, *sections = text.split("\n\nkeys of ")
    assert shared.startswith("keys:\n") and "  output=" in shared
    assert not any(line.startswith("  output=") for section in sections for line in section.splitlines())
    (tagging,) = (section for section in sections if section.startswith("tagging:\n"))
    assert "  nbest=" in tagging
    alone = format_sections({"srl": options_by_task([], lambda spec: spec_named("srl").predict_options)["srl"]})
    assert "keys of" not in alone
