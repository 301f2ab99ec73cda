"""Train a classifier: seed, data, model, task, trainer, fit, test once."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from datasets import Dataset
from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.classification import SPEC
from grunlp.tasks.classification.checkpoint import save_classifier_config
from grunlp.tasks.classification.collate import TextClassificationCollator, TimeSeriesCollator
from grunlp.tasks.classification.data import count_features, open_classes
from grunlp.tasks.classification.datamodule import SequenceBatchPlanner
from grunlp.tasks.classification.inference import evaluate_classifier
from grunlp.tasks.classification.lightning import ClassifierTask
from grunlp.tasks.classification.metrics import ClassificationScores
from grunlp.tasks.classification.model import Classifier, TextEncoder, TimeSeriesEncoder
from grunlp.tasks.classification.options import ClassifierOptions
from grunlp.training.checkpoint_io import load_pretrained_encoder
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import EncoderOptimizerOptions
from grunlp.training.trainer import fit_and_evaluate, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the epoch that is best on dev, evaluate the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_classes(config.data, stream=config.loader.stream_buffer_size > 0)
    classes = sorted(set(corpus.train["label"]))
    encoder, vectors = None, config.vocabulary.vectors
    collate: TextClassificationCollator | TimeSeriesCollator
    if "words" in corpus.train.column_names:
        extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
        vocabulary = Vocabulary.build_for_text(corpus.train["words"], config.vocabulary.min_count, extra_words)
        encoder, aligner = load_pretrained_encoder(config.model.encoder)
        collate = TextClassificationCollator(vocabulary, aligner, classes, config.loader.max_length)
    else:
        collate = TimeSeriesCollator(classes, count_features(corpus.train))
    t = config.trainer
    plan = SequenceBatchPlanner(config.loader.max_length)
    data = make_datamodule(corpus, plan, collate, config.loader, config.trainer, config.seed)

    optimizer, options = EncoderOptimizerOptions(**config.optimizer), ClassifierOptions(**config.model)
    if encoder is not None and not optimizer.encoder_learning_rate:
        encoder.freeze()
    network: TextEncoder | TimeSeriesEncoder
    if isinstance(collate, TextClassificationCollator):
        network = TextEncoder(options, collate.vocabulary, encoder)
    else:
        network = TimeSeriesEncoder(options, *_mean_and_deviation(corpus.train, collate.num_features, options))
    model = Classifier(options, classes, network)
    if vectors and isinstance(collate, TextClassificationCollator) and isinstance(network, TextEncoder):
        words, counts = collate.vocabulary.words, collate.vocabulary.word_counts
        init_embeddings_from_file(vectors, words, counts, network.sentences.words.table)
    if start_run(run_dir, mode):
        save_classifier_config(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    lr_overrides = {} if encoder is None else {encoder.transformer: optimizer.encoder_learning_rate}
    task = ClassifierTask(model, optimizer, steps, lr_overrides)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sequences of %d classes: %s", len(corpus.train), len(classes), ", ".join(classes[:20]))

    def evaluate(examples: Any) -> ClassificationScores:
        return evaluate_classifier(model, collate, examples, config.loader.batch_tokens)

    if fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode, corpus.num_removed):
        SPEC.write_card(run_dir)


def _mean_and_deviation(train: Dataset, size: int, options: ClassifierOptions) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation of each feature over all training steps; 0 and 1 without `standardize`."""
    if not options.standardize:
        return torch.zeros(size), torch.ones(size)
    steps, sums, squares = 0, np.zeros(size), np.zeros(size)
    for row in train.with_format("numpy", columns=["values"]):
        values = row["values"].astype(np.float64).reshape(-1, size)
        steps, sums, squares = steps + len(values), sums + values.sum(axis=0), squares + (values**2).sum(axis=0)
    mean = sums / max(1, steps)
    deviation = np.sqrt(np.maximum(squares / max(1, steps) - mean**2, 0.0))
    deviation = np.where(deviation > 1e-8, deviation, 1.0)
    return torch.from_numpy(mean).float(), torch.from_numpy(deviation).float()
