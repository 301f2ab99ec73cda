"""Exports of taggers."""

from pathlib import Path

import pytest

from grunlp.data.collate import TagCollator
from grunlp.data.vocabulary import StringIndex
from grunlp.tasks.tagging.checkpoint import TrainedTagger, build_tagger
from grunlp.tasks.tagging.export import TaggerExporter
from tests.exporting.untrained_models import config, prove, shaken
from tests.random_srl_corpus import toy_corpus, vocabulary_of


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
def test_taggers_export(plain: bool, tmp_path: Path) -> None:
    c = config("tag", "data=toy-srl", f"model.decoder={'viterbi' if plain else 'crf'}", "model.char_encoder=gru")
    vocabulary = vocabulary_of(toy_corpus(40))
    if plain:
        vocabulary.tags = StringIndex(["NN", "VB", "."], None)
    run = TrainedTagger(tmp_path, c, TagCollator(vocabulary, None), shaken(build_tagger(c, vocabulary, None)))
    prove(TaggerExporter(run), tmp_path / "out")
