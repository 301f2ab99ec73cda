"""Prediction of semantic roles in parts: what is left of a sentence is predicted on request."""

from collections.abc import Mapping
from typing import Any

import pytest

from grunlp.data.propbank.frame_index import RolesetEntry
from grunlp.tasks.config import compose_config
from grunlp.tasks.srl.checkpoint import TrainedSRL
from grunlp.tasks.srl.predictor import SRLPredictor
from tests.tasks.srl.test_inference import COLLATE, CORPUS, MODEL


def make(index: Mapping[str, RolesetEntry] = {}, **settings: Any) -> SRLPredictor:
    from pathlib import Path

    return SRLPredictor(TrainedSRL(Path("run"), compose_config([]), COLLATE, MODEL), dict(index), **settings)


@pytest.mark.parametrize("work", [1, 14, 1000])
def test_parts_are_the_whole(work: int) -> None:
    labeller = make()
    whole = list(labeller.predict_examples(CORPUS))
    parts = list(labeller.predict_partial(CORPUS, work))
    for example, record, (part, left) in zip(CORPUS, whole, parts, strict=True):
        rest = labeller.predict_at(example, left)["frames"] if left else []
        assert [*part["frames"], *rest] == record["frames"]
    assert any(left for _, left in parts) == (work < 1000)


def test_the_words_at_given_positions_are_the_predicates() -> None:
    example = next(one for one in CORPUS if len(one["words"]) > 6)
    record = make().predict_at(example, [0, 3])
    assert [frame["index"] for frame in record["frames"]] == [0, 3]
    assert [frame["predicate"] for frame in record["frames"]] == [example["words"][0], example["words"][3]]


def test_predicates_of_the_examples_are_kept_unless_they_are_detected() -> None:
    kept = list(make(detect_predicates=False).predict_examples(CORPUS))
    marked = [[frame["index"] for frame in one["frames"]] for one in CORPUS]
    assert [[frame["index"] for frame in record["frames"]] for record in kept] == marked
    found = list(make().predict_examples(CORPUS))
    assert [[frame["index"] for frame in record["frames"]] for record in found] != marked


def test_frame_files_describe_senses() -> None:
    plain, described = make(detect_predicates=False), make(
        {
            f"see.0{i}": RolesetEntry(lemma="see", name=f"view {i}", aliases=[], functions={}, glosses={})
            for i in (1, 2)
        },
        detect_predicates=False,
    )  # fmt: skip
    frames = [frame for record in described.predict_examples(CORPUS) for frame in record["frames"]]
    assert {frame["sense_description"] for frame in frames if frame["lemma"] == "see"} <= {"view 1", "view 2"}
    assert any(frame["lemma"] == "see" for frame in frames)
    assert all(not f["sense_description"] for record in plain.predict_examples(CORPUS) for f in record["frames"])
