"""The whole corpus, made once for all tests of this folder."""

from collections.abc import Mapping

import pytest

from grunlp.data import demo
from grunlp.data.demo.lexicon import SPLITS
from grunlp.data.demo.phrases import Phrase
from grunlp.data.example import Example


@pytest.fixture(scope="session")
def constructions() -> Mapping[str, list[Phrase]]:
    """The sentences as phrases, which know the constructions they use."""
    return {split: list(demo.phrases(split)) for split in SPLITS}


@pytest.fixture(scope="session")
def corpus(constructions) -> Mapping[str, list[Example]]:
    """The examples; made of the phrases above, so that the grammar speaks only once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "phrases", lambda split: iter(constructions[split]))
        return {split: list(demo.demo_examples(split)) for split in SPLITS}
