"""Small models of several kinds, untrained: what a server does with them does not ask how good they are."""

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import torch

from grunlp.configuration.compose import compose_config
from grunlp.data.parallel_collate import PairCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks import Predictor
from grunlp.tasks.classification.checkpoint import ClassRun, build_classifier
from grunlp.tasks.classification.collate import MeasuredCollator, TextCollator
from grunlp.tasks.classification.predictor import Classifier
from grunlp.tasks.forecasting.checkpoint import SeriesRun, build_forecaster
from grunlp.tasks.forecasting.data import open_series
from grunlp.tasks.forecasting.predictor import Forecaster
from grunlp.tasks.forecasting.scaler import fit_scaling
from grunlp.tasks.language_modeling.checkpoint import LanguageRun, build_language_model
from grunlp.tasks.language_modeling.predictor import LanguageModel
from grunlp.tasks.seq2seq.checkpoint import TextRun, build_seq2seq, search_of, search_values
from grunlp.tasks.seq2seq.predictor import Writer
from grunlp.utils.errors import GrunlpError
from tests.toys import toy_corpus, vocabulary_of

SECRET = "/secret/place/of/models"


def language_model() -> LanguageModel:
    torch.manual_seed(0)
    config = compose_config(["recipe=lm", "model.hidden_size=16", "model.embedding_size=8", "model.num_layers=1"])
    tokenizer = TextTokenizer.train("character", ["the quick brown fox jumps over the lazy dog\n"], 100, 1)
    run = LanguageRun(Path(SECRET) / "writes on", config, tokenizer, build_language_model(config, tokenizer).eval())
    return LanguageModel(run, length=40)


def writer() -> Writer:
    torch.manual_seed(0)
    sizes = ["embedding_size", "hidden_size", "decoder_hidden_size", "attention_size"]
    config = compose_config(["recipe=translate", *(f"model.{size}=16" for size in sizes), "search.max_length=30"])
    tokenizer = TextTokenizer.train("word", ["one two three four five six"], 100, 1)
    model = build_seq2seq(config, tokenizer, tokenizer).eval()
    run = TextRun(Path(SECRET) / "translates", config, PairCollator(tokenizer, tokenizer, 0, 0.0), model)
    return Writer(run, model, *search_of(search_values(config)))


def text_classifier() -> Classifier:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", "data=polarity", "model.hidden_size=16", "model.word_size=8"])
    collate = TextCollator(vocabulary_of(toy_corpus(20)), None, ["good", "bad"], 0)
    model = build_classifier(config, collate, None).eval()
    return Classifier(ClassRun(Path(SECRET) / "texts", config, collate, model))


def measured_classifier() -> Classifier:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", "data=waves", "model.hidden_size=16"])
    collate = MeasuredCollator(["sine", "saw"], 2)
    model = build_classifier(config, collate, None).eval()
    return Classifier(ClassRun(Path(SECRET) / "waves", config, collate, model))


def forecaster(folder: Path) -> Forecaster:
    """Of a file of one series, `table.csv` in the folder."""
    torch.manual_seed(0)
    rows = (f"2024-01-{1 + i // 24:02} {i % 24:02}:00:00,{i % 24}\n" for i in range(600))
    (folder / "table.csv").write_text("time,load\n" + "".join(rows))
    words = [f"data.train={folder}/table.csv", "data.history=48", "data.horizon=12", "model.hidden_size=16"]
    config = compose_config(["recipe=forecast", "data=series", *words])
    corpus = open_series(config.data)
    scaling = fit_scaling(corpus.table, corpus.train[:, 1], corpus.season, config.data.history)
    model = build_forecaster(config, 1, len(scaling.covariates), len(scaling.statics)).eval()
    return Forecaster(SeriesRun(Path(SECRET) / "loads", config, scaling, model, torch.zeros(12, 48)))


class Moody(Predictor[str, list[dict[str, Any]]]):
    """Sleeps for the seconds that a text names, or fails as it says."""

    kind: ClassVar[str] = "writer"

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def path(self) -> Path:
        return Path(SECRET) / "moody"

    def stream(self, many: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
        for text in many:
            self.seen.append(text)
            if text.startswith("sleep "):
                time.sleep(float(text.split()[1]))
            if text == "fail":
                raise RuntimeError(f"at {SECRET}")
            if text == "refuse":
                raise GrunlpError(f"{self.path} does not like it", f"{self.path}/what is liked", "Try again.")
            yield [{"id": "1", "source": text, "texts": []}]
