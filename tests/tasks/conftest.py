"""A run folder of each kind. The networks are as they start, since none of these tests asks whether they are right."""

from pathlib import Path

import pytest
import torch
from omegaconf import DictConfig

import grunlp
from grunlp.configuration.saved_config import save_config
from grunlp.data.collate import TagCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import CONFIG, SCALER, save_weights
from grunlp.tasks import Predictor
from grunlp.tasks.classification.checkpoint import build_classifier, save_classifier_config
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.checkpoint import build_forecaster, save_linear_baseline
from grunlp.tasks.forecasting.data import open_time_series
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.language_modeling.checkpoint import build_language_model
from grunlp.tasks.seq2seq.checkpoint import build_seq2seq, save_seq2seq_config
from grunlp.tasks.tagging.checkpoint import build_tagger
from grunlp.training.checkpoint_io import save_config_and_vocab
from tests.random_srl_corpus import toy_corpus

SENTENCES = [" ".join(example["words"]) for example in toy_corpus(40, 5)]


def small(*arguments: str) -> DictConfig:
    return compose_config([*arguments, "model.hidden_size=16"])


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders by the kind of their predictor; "measured" is a classifier of measurements."""
    kinds = ("tagger", "classifier", "measured", "writer", "language-model", "forecaster")
    folders = {kind: tmp_path_factory.mktemp(kind) for kind in kinds}
    torch.manual_seed(1)
    words = [sentence.split() for sentence in SENTENCES]
    rows = [
        {"id": "", "document": "", "words": row, "tags": ["B-A" if w[0].isupper() else "O" for w in row]}
        for row in words
    ]
    collate = TagCollator(Vocabulary.build_for_tagging(rows, 1, []), None)
    config = small("recipe=tag", "data=files", "data.train=x", "data.dev=x")
    save_config_and_vocab(folders["tagger"], config, collate, None)
    save_weights(folders["tagger"], build_tagger(config, collate.vocabulary, None))

    config = small("recipe=classify", "data=files", "data.train=x", "data.dev=x")
    texts = TextClassificationCollator(Vocabulary.build_for_text(words, 1, []), None, ["no", "yes"], 0)
    for kind, one in (("classifier", texts), ("measured", TimeSeriesCollator(["a", "b", "c"], 2))):
        save_classifier_config(folders[kind], config, one, None)
        save_weights(folders[kind], build_classifier(config, one, None))

    config = small(
        "recipe=translate", "data=toy-reversal", "search.max_length=6", "search.max_length_offset=2", "search.beam=2"
    )
    tokenizer = TextTokenizer.train("bpe", SENTENCES, 100, 1)
    save_seq2seq_config(folders["writer"], config, tokenizer, tokenizer)
    save_weights(folders["writer"], build_seq2seq(config, tokenizer, tokenizer))

    config = small("recipe=lm", "data=files", "data.train=x", "tokenizer.kind=bpe", "model.adaptive_softmax=false")
    save_seq2seq_config(folders["language-model"], config, tokenizer, tokenizer)
    save_weights(folders["language-model"], build_language_model(config, tokenizer))

    config = small("recipe=forecast", "data=toy-series", "data.history=48", "data.horizon=5", "model.output=gaussian")
    corpus = open_time_series(config.data)
    save_config(folders["forecaster"] / CONFIG, config)
    scaling = fit_standardizer(corpus.table, corpus.train[:, 1], corpus.seasonality, 48)
    scaling.save(folders["forecaster"] / SCALER)
    save_linear_baseline(folders["forecaster"], torch.zeros(49, 5))
    sizes = (len(corpus.table.target_names), len(corpus.table.covariate_names), 0)
    save_weights(folders["forecaster"], build_forecaster(config, *sizes))
    return folders


@pytest.fixture(scope="session")
def predictors(runs: dict[str, Path]) -> dict[str, Predictor]:
    """Those of the runs, and the labeller in the box."""
    return {"labeller": grunlp.load(), **{kind: grunlp.load(path) for kind, path in runs.items()}}
