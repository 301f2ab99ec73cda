"""Train a tagger: seed, data, model, task, trainer, fit, test once."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.collate import TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, save_weights, start_run, write_metrics
from grunlp.tasks.tagging import SPEC
from grunlp.tasks.tagging.data import open_tagging_corpus
from grunlp.tasks.tagging.inference import evaluate_tagger
from grunlp.tasks.tagging.lightning import TaggerTask
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.options import TaggerOptions
from grunlp.tasks.tagging.temperature_scaling import fit_temperature, sentence_calibration_error
from grunlp.training.checkpoint_io import load_init_weights, load_pretrained_encoder, save_config_and_vocab
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import EncoderOptimizerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.trainer import fit_and_evaluate, make_trainer
from grunlp.training.weight_transfer import init_from_weights

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the epoch that is best on dev, evaluate the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_tagging_corpus(config.data, stream=config.loader.stream_buffer_size > 0)
    vectors = config.vocabulary.vectors
    extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
    vocabulary = Vocabulary.build_for_tagging(corpus.train, config.vocabulary.min_count, extra_words)
    initial = load_init_weights(config.model.init_from) if config.model.init_from else None
    if initial is not None:  # its words and characters, but not its tags
        extended = initial[0].extended_with(vocabulary)
        vocabulary = replace(extended, tags=vocabulary.tags, pos=vocabulary.pos, rolesets=vocabulary.rolesets)
    encoder, aligner = load_pretrained_encoder(config.model.encoder)
    collate = TagCollator(vocabulary, aligner)
    t = config.trainer
    data = make_datamodule(corpus, plan_sentence_batches, collate, config.loader, config.trainer, config.seed)

    optimizer = EncoderOptimizerOptions(**config.optimizer)
    if encoder is not None and not optimizer.encoder_learning_rate:
        encoder.freeze()
    model = Tagger(TaggerOptions(**config.model), vocabulary, encoder)
    if initial is not None:
        init_from_weights(model, vocabulary, *initial, parts=_shared_parts(model, initial[1]))
    if vectors:
        init_embeddings_from_file(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    lr_overrides = {} if encoder is None else {encoder.transformer: optimizer.encoder_learning_rate}
    task = TaggerTask(model, optimizer, steps, lr_overrides)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sentences, %d words, %d tags", len(corpus.train), len(vocabulary.words), len(vocabulary.tags))

    def evaluate(examples: Any) -> TagScores:
        return evaluate_tagger(model, collate, examples, config.loader.batch_tokens)

    if fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode, corpus.num_removed):
        _fit_temperature(model, collate, corpus, config.loader.batch_tokens, run_dir)
        SPEC.write_card(run_dir)


def _shared_parts(model: Tagger, weights: dict[str, Tensor]) -> tuple[str, ...]:
    """Return the prefixes of the weights to start from: the sentence encoder and a tagger's scores of tags."""
    if "scores.weight" not in weights:
        return ("encoder.",)
    return ("encoder.", "scores.", "crf.") if model.decoder == "crf" else ("encoder.", "scores.")


def _fit_temperature(model: Tagger, collate: TagCollator, corpus: Corpus, batch_tokens: int, run_dir: Path) -> None:
    """Calibrate the probabilities of tag sequences on dev, log the effect on dev and test, and save it."""
    splits = {name: list(split) for name, split in (("dev", corpus.dev), ("test", corpus.test)) if split is not None}
    splits = {name: split for name, split in splits.items() if any(example["words"] for example in split)}

    def errors() -> dict[str, float]:
        return {name: sentence_calibration_error(model, collate, split, batch_tokens) for name, split in splits.items()}

    before, initial = errors(), float(model.temperature)
    temperature = fit_temperature(model, collate, splits.get("dev", []), batch_tokens)
    after = errors()
    if "dev" in splits and after["dev"] > before["dev"]:
        log.info("the temperature %.2f calibrates worse on dev: it stays at %.2f", temperature, initial)
        model.temperature.fill_(initial)
        temperature, after = initial, before
    save_weights(run_dir, model)
    write_metrics(run_dir, "calibration", {"temperature": temperature, "before": before, "after": after})
    changes = ", ".join(f"{before[name]:.1f} to {after[name]:.1f} on {name}" for name in splits)
    log.info("probabilities of tag sequences calibrated on dev: temperature %.2f, error in %% %s", temperature, changes)
