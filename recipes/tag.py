"""Train a tagger: seed, data, model, task, trainer, fit, test once."""

import logging
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.collate import TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, save_weights, start_run, write_metrics
from grunlp.tasks.tagging import SPEC
from grunlp.tasks.tagging.checkpoint import build_tagger
from grunlp.tasks.tagging.data import open_tagging_corpus
from grunlp.tasks.tagging.inference import evaluate_tagger
from grunlp.tasks.tagging.lightning import TaggerTask
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.temperature_scaling import fit_temperature, sentence_calibration_error
from grunlp.training.checkpoint_io import load_init_weights, load_pretrained_encoder, save_config_and_vocab
from grunlp.training.datamodules import make_datamodule
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.trainer import evaluate_splits, fit, make_trainer
from grunlp.training.weight_transfer import transfer_weights
from grunlp.utils.errors import UserError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_tagging_corpus(config.data, stream=config.loader.stream_buffer_size > 0)
    vectors = config.vocabulary.vectors
    extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
    vocabulary = Vocabulary.build_for_tagging(corpus.train, config.vocabulary.min_count, extra_words)
    pretrained = load_init_weights(config.model.init_from) if config.model.init_from else None
    if pretrained is not None:  # its words and characters, and no tag of its own job
        more = pretrained[0].extended_with(vocabulary)
        vocabulary = replace(more, tags=vocabulary.tags, pos=vocabulary.pos, rolesets=vocabulary.rolesets)
    encoder, pieces = load_pretrained_encoder(config.model.encoder)
    collate = TagCollator(vocabulary, pieces)
    t = config.trainer
    data = make_datamodule(corpus, plan_sentence_batches, collate, config.loader, config.trainer, config.seed)

    if encoder is not None and not config.optimizer.encoder_learning_rate:
        encoder.freeze()
    model = build_tagger(config, vocabulary, encoder)
    if pretrained is not None:
        _init_from_pretrained(*pretrained, model, vocabulary)
    if vectors:
        init_embeddings_from_file(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    rates = {} if encoder is None else {encoder.transformer: config.optimizer.encoder_learning_rate}
    task = TaggerTask(
        model,
        steps,
        config.optimizer.learning_rate,
        rates,
        config.optimizer.weight_decay,
        config.optimizer.warmup_fraction,
    )
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sentences, %d words, %d tags", len(corpus.train), len(vocabulary.words), len(vocabulary.tags))

    took = fit(trainer, task, data, run_dir, corpus.num_removed, mode)
    evaluate_splits(
        run_dir, corpus, lambda examples: evaluate_tagger(model, collate, examples, config.loader.batch_tokens)
    )
    _fit_temperature(model, collate, corpus, config.loader.batch_tokens, run_dir)
    SPEC.write_card(run_dir)
    print(f"\n{took}")


def _fit_temperature(model: Tagger, collate: TagCollator, corpus: Corpus, batch_tokens: int, run_dir: Path) -> None:
    """Fit the probabilities of tag sequences on dev, say what that changed there and on test, and keep it."""
    splits = {name: list(split) for name, split in (("dev", corpus.dev), ("test", corpus.test)) if split is not None}
    splits = {name: split for name, split in splits.items() if any(one["words"] for one in split)}

    def errors() -> dict[str, float]:
        return {name: sentence_calibration_error(model, collate, split, batch_tokens) for name, split in splits.items()}

    before = errors()
    temperature = fit_temperature(model, collate, splits.get("dev", []), batch_tokens)
    after = errors()
    save_weights(run_dir, model)
    write_metrics(run_dir, "calibration", {"temperature": temperature, "before": before, "after": after})
    changes = ", ".join(f"{before[name]:.1f} to {after[name]:.1f} on {name}" for name in splits)
    log.info("probabilities of tag sequences calibrated on dev: temperature %.2f, error in %% %s", temperature, changes)


def _init_from_pretrained(old: Vocabulary, weights: dict[str, Tensor], model: Tagger, vocabulary: Vocabulary) -> None:
    """Take over the sentence encoder of another run and, of a tagger, the scores of the tags that both know."""
    parts = ("encoder.", "scores.") if "scores.weight" in weights else ("encoder.",)
    if parts[1:] and model.decoder == "crf":
        parts = (*parts, "crf.")
    taken = {name: weight for name, weight in weights.items() if name.startswith(parts)}
    try:
        transfer_weights(taken, old, model, vocabulary)
    except ValueError as error:
        there = "the sizes of both networks must agree"
        raise UserError(f"model.init_from: {error}", there, "See config.yaml of that run.") from None
