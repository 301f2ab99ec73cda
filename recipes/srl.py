"""Train a semantic role labeller: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.collate import FrameCollator
from grunlp.data.datasets.srl import open_frames
from grunlp.data.pretrained_vectors import load_vectors, read_vector_words
from grunlp.data.propbank import find_frames
from grunlp.data.propbank.frame_index import INDEX_FILE, read_index
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import Start, begin_run
from grunlp.tasks.model_card import write_card
from grunlp.tasks.srl.checkpoint import build_model, load_pretrained, open_encoder, save_settings
from grunlp.tasks.srl.inference import score
from grunlp.tasks.srl.lightning import SRLTask
from grunlp.tasks.srl.model import SRLModel
from grunlp.training.dealing import sentence_data
from grunlp.training.trainer import fit, make_trainer, score_splits
from grunlp.training.weight_transfer import transfer
from grunlp.utils.errors import GrunlpError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_frames(config.data, stream=config.loader.stream > 0)
    vectors = config.vocabulary.vectors
    extra_words = read_vector_words(vectors, config.vocabulary.max_vectors) if vectors else []
    frame_files = read_index(find_frames() / INDEX_FILE) if config.vocabulary.frame_files else {}
    vocabulary = Vocabulary.count(
        chain(corpus.train, corpus.extra or ()), config.vocabulary.min_count, extra_words, frame_files
    )
    pretrained = load_pretrained(config.model.init) if config.model.init else None
    if pretrained is not None:
        vocabulary = pretrained[0].with_more(vocabulary)
    encoder, pieces = open_encoder(config.model.encoder)
    collate = FrameCollator(vocabulary, pieces)
    t = config.trainer
    data = sentence_data(
        corpus, collate, turns=t.limit_batches, accumulate=t.accumulate, seed=config.seed, **config.loader
    )

    if encoder is not None and not config.optimizer.encoder_learning_rate:
        encoder.freeze()
    model = build_model(config, vocabulary, encoder)
    assert isinstance(model, SRLModel)
    if pretrained is not None:
        _start_from(*pretrained, model, vocabulary)
    if vectors:
        load_vectors(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if begin_run(run_dir, start):
        save_settings(run_dir, config, collate, encoder)
    steps = data.count_steps(t.max_epochs, t.limit_batches, t.accumulate)
    rates = {} if encoder is None else {encoder.transformer: config.optimizer.encoder_learning_rate}
    task = SRLTask(
        model, steps, config.optimizer.learning_rate, rates, config.optimizer.weight_decay, config.optimizer.warmup
    )
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d sentences, %d words, %d tags", len(corpus.train), len(vocabulary.words), len(vocabulary.tags))

    took = fit(trainer, task, data, run_dir, corpus.left_out, start)
    score_splits(run_dir, corpus, lambda examples: score(model, collate, examples, config.loader.batch_tokens))
    write_card(run_dir)
    print(f"\n{took}")


def _start_from(old: Vocabulary, weights: dict[str, Tensor], model: SRLModel, vocabulary: Vocabulary) -> None:
    """Take over the sentence encoder of a pretraining."""
    lower = {name: weight for name, weight in weights.items() if name.startswith("encoder.")}
    try:
        transfer(lower, old, model, vocabulary)
    except ValueError as error:
        there = "the sizes of both networks must agree"
        raise GrunlpError(f"model.init: {error}", there, "See config.yaml of the pretraining.") from None
