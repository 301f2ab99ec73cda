"""Schemes are told apart, and each way there and back keeps every set of spans."""

from itertools import product

import pytest

from grunlp.data.tag_schemes import SCHEMES, detect_scheme, to_iob2, to_scheme
from grunlp.data.tags import spans_to_tags, tags_to_spans


def all_legal(length: int) -> list[list[str]]:
    every = product(("O", "B-A", "I-A", "B-B", "I-B"), repeat=length)
    return [list(tags) for tags in every if spans_to_tags(tags_to_spans(tags), length) == list(tags)]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_there_and_back(scheme: str) -> None:
    legal = all_legal(5)
    assert len(legal) > 500
    written = [to_scheme(tags, scheme) for tags in legal]
    assert [to_iob2(tags) for tags in written] == legal
    assert len({tuple(tags) for tags in written}) == len(legal), "no two are written alike"
    assert detect_scheme(written) == scheme


def test_each_scheme_as_its_papers_show_it() -> None:
    spans = ["B-A", "I-A", "B-A", "O", "B-B", "B-A", "I-A", "I-A"]
    assert to_scheme(spans, "iob1") == ["I-A", "I-A", "B-A", "O", "I-B", "I-A", "I-A", "I-A"]
    assert to_scheme(spans, "bioes") == ["B-A", "E-A", "S-A", "O", "S-B", "B-A", "I-A", "E-A"]
    assert to_iob2(["B-A", "L-A", "U-A", "O", "U-B", "B-A", "I-A", "L-A"]) == spans, "BILOU"


def test_what_continues_nothing_opens_a_span() -> None:
    assert to_iob2(["E-A", "I-A", "O", "I-B", "E-A"]) == ["B-A", "B-A", "O", "B-B", "B-A"]


@pytest.mark.parametrize("tags", [["NN", "VB"], ["O", "O"], ["O", "B-"], ["X-A"], []])
def test_plain_tags_have_no_scheme(tags: list[str]) -> None:
    assert detect_scheme([tags]) is None


def test_a_tag_of_no_scheme_is_named() -> None:
    with pytest.raises(ValueError, match="'NN' is not a span tag"):
        to_iob2(["O", "NN"])
    with pytest.raises(ValueError, match="iob2, iob1, bioes"):
        to_scheme(["O"], "bilou")
