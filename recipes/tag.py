"""Train a tagger: seed, data, model, task, trainer, fit, test once."""

import logging
from dataclasses import replace
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.collate import TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.pretrained_vectors import load_vectors, read_vector_words
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import Start, begin_run, save_weights, write_metrics
from grunlp.tasks.model_card import write_card
from grunlp.tasks.srl.checkpoint import build_model, load_pretrained, open_encoder, save_settings
from grunlp.tasks.tagging.data import open_tags
from grunlp.tasks.tagging.inference import score
from grunlp.tasks.tagging.lightning import TaggerTask
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.temperature_scaling import calibrate, sentence_calibration_error
from grunlp.training.dealing import sentence_data
from grunlp.training.trainer import fit, make_trainer, score_splits
from grunlp.training.weight_transfer import transfer
from grunlp.utils.errors import GrunlpError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_tags(config.data, stream=config.loader.stream > 0)
    vectors = config.vocabulary.vectors
    extra_words = read_vector_words(vectors, config.vocabulary.max_vectors) if vectors else []
    vocabulary = Vocabulary.count_tagged(corpus.train, config.vocabulary.min_count, extra_words)
    pretrained = load_pretrained(config.model.init) if config.model.init else None
    if pretrained is not None:  # its words and characters, and no tag of its own job
        more = pretrained[0].with_more(vocabulary)
        vocabulary = replace(more, tags=vocabulary.tags, pos=vocabulary.pos, rolesets=vocabulary.rolesets)
    encoder, pieces = open_encoder(config.model.encoder)
    collate = TagCollator(vocabulary, pieces)
    t = config.trainer
    data = sentence_data(
        corpus,
        collate,
        extra_epochs=0,
        turns=t.limit_batches,
        accumulate=t.accumulate,
        seed=config.seed,
        **config.loader,
    )

    if encoder is not None and not config.optimizer.encoder_learning_rate:
        encoder.freeze()
    model = build_model(config, vocabulary, encoder)
    assert isinstance(model, Tagger)
    if pretrained is not None:
        _start_from(*pretrained, model, vocabulary)
    if vectors:
        load_vectors(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if begin_run(run_dir, start):
        save_settings(run_dir, config, collate, encoder)
    steps = data.count_steps(t.max_epochs, t.limit_batches, t.accumulate)
    rates = {} if encoder is None else {encoder.transformer: config.optimizer.encoder_learning_rate}
    task = TaggerTask(
        model, steps, config.optimizer.learning_rate, rates, config.optimizer.weight_decay, config.optimizer.warmup
    )
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d sentences, %d words, %d tags", len(corpus.train), len(vocabulary.words), len(vocabulary.tags))

    took = fit(trainer, task, data, run_dir, corpus.left_out, start)
    score_splits(run_dir, corpus, lambda examples: score(model, collate, examples, config.loader.batch_tokens))
    _calibrate(model, collate, corpus, config.loader.batch_tokens, run_dir)
    write_card(run_dir)
    print(f"\n{took}")


def _calibrate(model: Tagger, collate: TagCollator, corpus: Corpus, batch_tokens: int, run_dir: Path) -> None:
    """Fit the probabilities of tag sequences on dev, say what that changed there and on test, and keep it."""
    splits = {name: list(split) for name, split in (("dev", corpus.dev), ("test", corpus.test)) if split is not None}
    splits = {name: split for name, split in splits.items() if any(one["words"] for one in split)}

    def errors() -> dict[str, float]:
        return {name: sentence_calibration_error(model, collate, split, batch_tokens) for name, split in splits.items()}

    before = errors()
    temperature = calibrate(model, collate, splits.get("dev", []), batch_tokens)
    after = errors()
    save_weights(run_dir, model)
    write_metrics(run_dir, "calibration", {"temperature": temperature, "before": before, "after": after})
    changes = ", ".join(f"{before[name]:.1f} to {after[name]:.1f} on {name}" for name in splits)
    log.info("probabilities of tag sequences calibrated on dev: temperature %.2f, error in %% %s", temperature, changes)


def _start_from(old: Vocabulary, weights: dict[str, Tensor], model: Tagger, vocabulary: Vocabulary) -> None:
    """Take over the sentence encoder of another run and, of a tagger, the scores of the tags that both know."""
    parts = ("encoder.", "scores.") if "scores.weight" in weights else ("encoder.",)
    if parts[1:] and model.decoder == "crf":
        parts = (*parts, "crf.")
    taken = {name: weight for name, weight in weights.items() if name.startswith(parts)}
    try:
        transfer(taken, old, model, vocabulary)
    except ValueError as error:
        there = "the sizes of both networks must agree"
        raise GrunlpError(f"model.init: {error}", there, "See config.yaml of that run.") from None
