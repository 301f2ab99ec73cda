"""Train a semantic role labeller: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything
from torch import Tensor

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.propbank import find_frames
from grunlp.data.propbank.frame_index import INDEX_FILE, read_index
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.srl import SPEC
from grunlp.tasks.srl.checkpoint import build_srl_model
from grunlp.tasks.srl.inference import evaluate_srl
from grunlp.tasks.srl.lightning import SRLTask
from grunlp.tasks.srl.model import SRLModel
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
    corpus = open_srl_corpus(config.data, stream=config.loader.stream_buffer_size > 0)
    vectors = config.vocabulary.vectors
    extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
    frame_files = read_index(find_frames() / INDEX_FILE) if config.vocabulary.use_propbank_frame_files else {}
    vocabulary = Vocabulary.build(
        chain(corpus.train, corpus.extra or ()), config.vocabulary.min_count, extra_words, frame_files
    )
    pretrained = load_init_weights(config.model.init_from) if config.model.init_from else None
    if pretrained is not None:
        vocabulary = pretrained[0].extended_with(vocabulary)
    encoder, pieces = load_pretrained_encoder(config.model.encoder)
    collate = SRLCollator(vocabulary, pieces)
    t = config.trainer
    data = make_datamodule(
        corpus,
        plan_sentence_batches,
        collate,
        config.loader,
        config.trainer,
        config.seed,
        extra_data_epochs=config.loader.extra_data_epochs,
    )

    if encoder is not None and not config.optimizer.encoder_learning_rate:
        encoder.freeze()
    model = build_srl_model(config, vocabulary, encoder)
    if pretrained is not None:
        _init_from_pretrained(*pretrained, model, vocabulary)
    if vectors:
        init_embeddings_from_file(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    rates = {} if encoder is None else {encoder.transformer: config.optimizer.encoder_learning_rate}
    task = SRLTask(
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
        run_dir, corpus, lambda examples: evaluate_srl(model, collate, examples, config.loader.batch_tokens)
    )
    SPEC.write_card(run_dir)
    print(f"\n{took}")


def _init_from_pretrained(old: Vocabulary, weights: dict[str, Tensor], model: SRLModel, vocabulary: Vocabulary) -> None:
    """Take over the sentence encoder of a pretraining."""
    lower = {name: weight for name, weight in weights.items() if name.startswith("encoder.")}
    try:
        transfer_weights(lower, old, model, vocabulary)
    except ValueError as error:
        there = "the sizes of both networks must agree"
        raise UserError(f"model.init_from: {error}", there, "See config.yaml of the pretraining.") from None
