"""Train a classifier: seed, data, model, task, trainer, fit, test once."""

import logging
from pathlib import Path

import numpy as np
import torch
from datasets import Dataset
from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.classification import SPEC
from grunlp.tasks.classification.checkpoint import build_classifier, save_classifier_config
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.data import count_features, open_classes
from grunlp.tasks.classification.datamodule import SequenceBatchPlanner
from grunlp.tasks.classification.inference import evaluate_classifier
from grunlp.tasks.classification.lightning import ClassifierTask
from grunlp.tasks.classification.model import TextEncoder, TimeSeriesEncoder
from grunlp.training.checkpoint_io import load_pretrained_encoder
from grunlp.training.datamodules import make_datamodule
from grunlp.training.trainer import evaluate_splits, fit, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_classes(config.data, stream=config.loader.stream_buffer_size > 0)
    classes = sorted(set(corpus.train["label"]))
    encoder, vectors = None, config.vocabulary.vectors
    collate: TextClassificationCollator | TimeSeriesCollator
    if "words" in corpus.train.column_names:
        extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
        vocabulary = Vocabulary.build_for_text(corpus.train["words"], config.vocabulary.min_count, extra_words)
        encoder, pieces = load_pretrained_encoder(config.model.encoder)
        collate = TextClassificationCollator(vocabulary, pieces, classes, config.loader.max_length)
    else:
        collate = TimeSeriesCollator(classes, count_features(corpus.train))
    t = config.trainer
    plan = SequenceBatchPlanner(config.loader.max_length)
    data = make_datamodule(corpus, plan, collate, config.loader, config.trainer, config.seed)

    if encoder is not None and not config.optimizer.encoder_learning_rate:
        encoder.freeze()
    model = build_classifier(config, collate, encoder)
    if isinstance(model.encoder, TextEncoder) and vectors and isinstance(collate, TextClassificationCollator):
        table = model.encoder.sentences.words.table
        init_embeddings_from_file(vectors, collate.vocabulary.words, collate.vocabulary.word_counts, table)
    if isinstance(model.encoder, TimeSeriesEncoder) and config.model.standardize:
        _standardize(model.encoder, corpus.train)
    if start_run(run_dir, mode):
        save_classifier_config(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    rates = {} if encoder is None else {encoder.transformer: config.optimizer.encoder_learning_rate}
    o = config.optimizer
    task = ClassifierTask(model, steps, o.learning_rate, rates, o.weight_decay, o.warmup_fraction)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sequences of %d classes: %s", len(corpus.train), len(classes), ", ".join(classes[:20]))

    took = fit(trainer, task, data, run_dir, corpus.num_removed, mode)
    evaluate_splits(
        run_dir, corpus, lambda examples: evaluate_classifier(model, collate, examples, config.loader.batch_tokens)
    )
    SPEC.write_card(run_dir)
    print(f"\n{took}")


def _standardize(encoder: TimeSeriesEncoder, train: Dataset) -> None:
    """Tell the encoder mean and deviation of each feature over all training steps."""
    size, steps = len(encoder.mean), 0
    sums, squares = np.zeros(size), np.zeros(size)
    for row in train.with_format("numpy", columns=["values"]):
        values = row["values"].astype(np.float64).reshape(-1, size)
        steps, sums, squares = steps + len(values), sums + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = sums / max(1, steps)
    deviation = np.sqrt(np.maximum(squares / max(1, steps) - mean**2, 0.0))
    encoder.mean.copy_(torch.from_numpy(mean))
    encoder.deviation.copy_(torch.from_numpy(np.where(deviation > 1e-8, deviation, 1.0)))
