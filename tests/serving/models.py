"""Small models of several kinds, untrained: what a server does with them does not ask how good they are."""

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import torch

from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.tasks import Predictor
from grunlp.tasks.classification.checkpoint import TrainedClassifier, build_classifier
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.predictor import ClassifierPredictor
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, build_forecaster
from grunlp.tasks.forecasting.data import open_time_series
from grunlp.tasks.forecasting.predictor import ForecastPredictor
from grunlp.tasks.forecasting.scaler import fit_standardizer
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel, build_language_model
from grunlp.tasks.language_modeling.predictor import LanguageModelPredictor
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, build_seq2seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.predictor import Seq2SeqPredictor
from grunlp.utils.errors import UserError
from tests.random_srl_corpus import toy_corpus, vocabulary_of

SECRET = "/secret/place/of/models"


def language_model() -> LanguageModelPredictor:
    torch.manual_seed(0)
    config = compose_config(["recipe=lm", "model.hidden_size=16", "model.embedding_size=8", "model.num_layers=1"])
    tokenizer = TextTokenizer.train("character", ["the quick brown fox jumps over the lazy dog\n"], 100, 1)
    run = TrainedLanguageModel(
        Path(SECRET) / "writes on", config, tokenizer, build_language_model(config, tokenizer).eval()
    )
    return LanguageModelPredictor(run, length=40)


def writer(kind: str = "word", *options: str) -> Seq2SeqPredictor:
    """Translates words, or characters."""
    torch.manual_seed(0)
    sizes = ["embedding_size", "hidden_size", "decoder_hidden_size", "attention_size"]
    sizes = [f"model.{size}=16" for size in sizes]
    config = compose_config(["recipe=translate", *sizes, *(options or ["search.max_length=30"])])
    tokenizer = TextTokenizer.train(kind, ["one two three four five six"], 100, 1)
    model = build_seq2seq(config, tokenizer, tokenizer).eval()
    run = TrainedSeq2Seq(Path(SECRET) / "translates", config, ParallelCollator(tokenizer, tokenizer, 0, 0.0), model)
    return Seq2SeqPredictor(run, model, *make_beam_search(search_config(config)))


def text_classifier(name: str = "texts", labels: Sequence[str] = ("good", "bad")) -> ClassifierPredictor:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", "data=polarity", "model.hidden_size=16", "model.word_size=8"])
    collate = TextClassificationCollator(vocabulary_of(toy_corpus(20)), None, list(labels), 0)
    model = build_classifier(config, collate, None).eval()
    return ClassifierPredictor(TrainedClassifier(Path(SECRET) / name, config, collate, model))


def measured_classifier() -> ClassifierPredictor:
    torch.manual_seed(0)
    config = compose_config(["recipe=classify", "data=toy-waves", "model.hidden_size=16"])
    collate = TimeSeriesCollator(["sine", "saw"], 2)
    model = build_classifier(config, collate, None).eval()
    return ClassifierPredictor(TrainedClassifier(Path(SECRET) / "waves", config, collate, model))


def forecaster(folder: Path) -> ForecastPredictor:
    """Of a file of one series, `table.csv` in the folder."""
    torch.manual_seed(0)
    rows = (f"2024-01-{1 + i // 24:02} {i % 24:02}:00:00,{i % 24}\n" for i in range(600))
    (folder / "table.csv").write_text("time,load\n" + "".join(rows))
    words = [f"data.train={folder}/table.csv", "data.history=48", "data.horizon=12", "model.hidden_size=16"]
    config = compose_config(["recipe=forecast", "data=files", *words])
    corpus = open_time_series(config.data)
    scaling = fit_standardizer(corpus.table, corpus.train[:, 1], corpus.seasonality, config.data.history)
    model = build_forecaster(config, 1, len(scaling.covariates), len(scaling.statics)).eval()
    return ForecastPredictor(TrainedForecaster(Path(SECRET) / "loads", config, scaling, model, torch.zeros(12, 48)))


class Panic(BaseException):
    """What code in Rust raises when it panics: not an `Exception`."""


class Moody(Predictor[str, list[dict[str, Any]]]):
    """Sleeps for the seconds that a text names, answers with the characters that it names, or fails as it says."""

    task: ClassVar[str] = "classification"

    def __init__(self) -> None:
        self.seen: list[str] = []

    @property
    def path(self) -> Path:
        return Path(SECRET) / "moody"

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[dict[str, Any]]]:
        for text in inputs:
            self.seen.append(text)
            if text.startswith("sleep "):
                time.sleep(float(text.split()[1]))
            if text == "fail":
                raise RuntimeError(f"at {SECRET}")
            if text in ("panic", "exit"):
                raise Panic(f"at {SECRET}") if text == "panic" else SystemExit(3)
            if text.startswith("big "):
                yield [{"id": "x" * int(text.split()[1]), "label": "", "probabilities": {}}]
                continue
            if text == "refuse":
                raise UserError(f"{self.path} does not like it", f"{self.path}/what is liked", "Try again.")
            yield [{"id": "1", "source": text, "texts": []}]
