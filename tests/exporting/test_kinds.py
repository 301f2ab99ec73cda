"""Networks of every kind, never trained, export and prove themselves."""

from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import DictConfig

from grunlp.data.collate import SRLCollator, TagCollator
from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.data.vocabulary import StringIndex
from grunlp.exporting.export_folder import export_folder, get_export_format
from grunlp.exporting.exporter import ModelExporter
from grunlp.exporting.runtime.onnx_session import OnnxSession
from grunlp.exporting.word_inputs import reject_pretrained_encoder
from grunlp.runs.layout import TOKENIZER
from grunlp.tasks.classification.checkpoint import TrainedClassifier, build_classifier
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.export import ClassifierExporter
from grunlp.tasks.config import compose_config
from grunlp.tasks.forecasting.checkpoint import TrainedForecaster, build_forecaster
from grunlp.tasks.forecasting.export import ForecasterExporter
from grunlp.tasks.forecasting.scaler import Standardizer
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel, build_language_model
from grunlp.tasks.language_modeling.export import LanguageModelExporter
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, build_seq2seq
from grunlp.tasks.seq2seq.export import Seq2SeqExporter
from grunlp.tasks.srl.checkpoint import TrainedSRL, build_srl_model
from grunlp.tasks.srl.export import SRLExporter
from grunlp.tasks.srl.inference import label
from grunlp.tasks.tagging.checkpoint import TrainedTagger, build_tagger
from grunlp.tasks.tagging.export import TaggerExporter
from grunlp.utils.errors import UserError
from tests.toys import toy_corpus, vocabulary_of

TEXTS = ["the cat sat on the mat", "a dog barks", "Anna sees the river and the stones", "so they sat and sat"] * 5
SMALL = ["model.hidden_size=8", "model.num_layers=2", "model.dropout=0.0", "model.input_dropout=0.0"]


def shaken(model: Any) -> Any:
    """In evaluation mode, with weights that tell inputs apart."""
    for parameter in model.parameters():
        parameter.data += 0.2 * torch.randn_like(parameter)
    return model.eval()


def config(recipe: str, *words: str) -> DictConfig:
    torch.manual_seed(0)
    return compose_config([f"recipe={recipe}", *SMALL, *words])


def prove(exportable: ModelExporter, out: Path, to: str = "onnx") -> None:
    proof = export_folder(exportable, get_export_format(to), out, batch_sizes=(1, 3), lengths=(1, 2, 9, 17))
    assert proof.num_answers and max(proof.max_abs_diff.values()) < 1e-4 and (out / "manifest.json").is_file()


@pytest.mark.slow
@pytest.mark.parametrize("plain", [True, False])
def test_taggers(plain: bool, tmp_path: Path) -> None:
    c = config("tag", "data=toy-srl", f"model.decoder={'viterbi' if plain else 'crf'}", "model.char_encoder=gru")
    vocabulary = vocabulary_of(toy_corpus(40))
    if plain:
        vocabulary.tags = StringIndex(["NN", "VB", "."], None)
    run = TrainedTagger(tmp_path, c, TagCollator(vocabulary, None), shaken(build_tagger(c, vocabulary, None)))
    prove(TaggerExporter(run), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize("pooling", ["last", "max", "mean", "attention"])
def test_classifiers_of_texts(pooling: str, tmp_path: Path) -> None:
    c = config(
        "classify", "data=toy-sentiment", f"model.pooling={pooling}", "model.char_encoder=none", "loader.max_length=12"
    )
    classes = ["bad", "good"] if pooling == "max" else ["bad", "fair", "good"]
    collate = TextClassificationCollator(vocabulary_of(toy_corpus(40)), None, classes, 12)
    model = shaken(build_classifier(c, collate, None))
    prove(ClassifierExporter(TrainedClassifier(tmp_path, c, collate, model)), tmp_path / "out")


@pytest.mark.slow
def test_classifiers_of_measurements(tmp_path: Path) -> None:
    c = config("classify", "data=toy-waves", "model.layer_width_ratio=0.5", "model.cell=lstm")
    collate = TimeSeriesCollator(["a", "b", "c"], 2)
    model = shaken(build_classifier(c, collate, None))
    prove(ClassifierExporter(TrainedClassifier(tmp_path, c, collate, model)), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "output", "known", "static", "normalize"),
    [
        ("direct", "quantiles", 2, 1, "last"),
        ("direct", "point", 0, 0, "revin"),
        ("recursive", "gaussian", 1, 1, "none"),
        ("recursive", "point", 0, 1, "last"),
        ("segrnn", "quantiles", 1, 1, "revin"),
        ("segrnn", "gaussian", 0, 0, "last"),
    ],
)
def test_forecasters(kind: str, output: str, known: int, static: int, normalize: str, tmp_path: Path) -> None:
    words = [
        f"model.architecture={kind}",
        f"model.output={output}",
        f"model.window_normalization={normalize}",
        "model.segment_length=3",
    ]
    c = config("forecast", "data=toy-series", *words, "data.history=12", "data.horizon=4")
    scaling = Standardizer(
        targets=["x", "y"], covariates=["k", "l"][:known], own=known, statics=["s"][:static], frequency="h", season=24,
        names=["one", "two"], means=[[1.0, -2.0], [30.0, 4.0]], scales=[[2.0, 0.5], [9.0, 1.0]], steps=[[1.0, 1.0]] * 2,
        known_means=[0.5, 0.0][:known], known_scales=[2.0, 1.0][:known],
        static_means=[1.0][:static], static_scales=[2.0][:static],
    )  # fmt: skip
    model = shaken(build_forecaster(c, 2, known, static))
    prove(ForecasterExporter(TrainedForecaster(tmp_path, c, scaling, model, torch.zeros(1))), tmp_path / "out")


@pytest.mark.slow
@pytest.mark.parametrize(
    "words",
    [
        [
            "model.attention=additive",
            "model.bridge=attention",
            "search.length_penalty=0.6",
            "search.normalization=gnmt",
        ],
        ["model.attention=dot", "model.bridge=last", "model.input_feeding=true", "search.beam=1"],
        [
            "model.attention=multihead",
            "model.heads=2",
            "model.copy_attention=true",
            "search.no_repeat_ngram_size=2",
            "search.nbest=3",
        ],
        ["model.cell=lstm", "model.decoder_num_layers=1", "tokenizer.shared=false", "search.coverage_penalty=0.3"],
    ],
    ids=lambda words: words[0],
)
def test_writers(words: list[str], tmp_path: Path) -> None:
    sizes = ["model.embedding_size=8", "model.decoder_hidden_size=10", "model.attention_size=8"]
    c = config("translate", "data=toy-reversal", *sizes, "search.min_length_ratio=0.3", *words)
    target = TextTokenizer.train("bpe", TEXTS, 60, 1)
    source = target if c.tokenizer.shared else TextTokenizer.train("word", TEXTS, 60, 1)
    for tokenizer, name in ((target, TOKENIZER), (source, "source_tokenizer.json")):
        tokenizer.save(tmp_path / name)
    model = shaken(build_seq2seq(c, source, target))
    prove(
        Seq2SeqExporter(TrainedSeq2Seq(tmp_path, c, ParallelCollator(source, target, 15, 0.0), model)), tmp_path / "out"
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["character", "word"])
def test_language_models(kind: str, tmp_path: Path) -> None:
    adaptive = kind == "character"
    c = config(
        "lm", "data=toy-srl", "model.embedding_size=16", f"tokenizer.kind={kind}",
        f"model.adaptive_softmax={adaptive}".lower(), "model.tie_embeddings=false", "model.residual=highway",
    )  # fmt: skip
    texts = ["".join(map(chr, range(33, 100))), *TEXTS]
    tokenizer = TextTokenizer.train(kind, texts, 100, 1)  # type: ignore[arg-type]
    tokenizer.save(tmp_path / TOKENIZER)
    run = TrainedLanguageModel(tmp_path, c, tokenizer, shaken(build_language_model(c, tokenizer)))
    prove(LanguageModelExporter(run), tmp_path / "out")


def test_a_pretrained_encoder_is_refused() -> None:
    with pytest.raises(UserError, match=r"over model\.encoder= cannot be exported"):
        reject_pretrained_encoder(type("Encoder", (), {"pretrained": object()})())  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("odds", [-100.0, 0.0])
def test_a_labeller_stands_in_for_its_network(odds: float, tmp_path: Path) -> None:
    """Also where no predicate is found, and where all sentences are empty."""
    c = config("srl", "debug=tiny")
    corpus = toy_corpus(20)
    collate = SRLCollator(vocabulary_of(corpus), None)
    model = shaken(build_srl_model(c, collate.vocabulary, None))
    model.predicates[-1].bias.data += odds
    exportable = SRLExporter(TrainedSRL(tmp_path, c, collate, model))
    prove(exportable, tmp_path / "out")
    standing_in: Any = exportable.graph_adapter(OnnxSession(tmp_path / "out"))
    empty = [{**corpus[0], "words": [], "pos": [], "frames": []}]
    with torch.inference_mode():
        for examples in (corpus, empty):
            found, expected = (list(label(one, collate, examples, 500, True)) for one in (standing_in, model))
            assert found == expected and (any(one.frames for one in found) == (odds == 0.0 and examples is corpus))
