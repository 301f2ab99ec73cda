"""The whole corpus, made once for all tests of this folder."""

from collections.abc import Mapping

import pytest

from grunlp.data import toy
from grunlp.data.examples import SRLExample
from grunlp.data.toy.grammar.lexicon import SPLITS
from grunlp.data.toy.grammar.phrases import Phrase


@pytest.fixture(scope="session")
def constructions() -> Mapping[str, list[Phrase]]:
    """The sentences as phrases, which know the constructions they use."""
    return {split: list(toy.toy_phrases(split)) for split in SPLITS}


@pytest.fixture(scope="session")
def corpus(constructions) -> Mapping[str, list[SRLExample]]:
    """The examples; made of the phrases above, so that the grammar speaks only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toy, "toy_phrases", lambda split: iter(constructions[split]))
        return {split: list(toy.toy_srl_examples(split)) for split in SPLITS}
