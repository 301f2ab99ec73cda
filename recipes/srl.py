"""Train a semantic role labeller: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.pretrained_vectors import init_embeddings_from_file, read_vector_vocabulary
from grunlp.data.propbank import find_frames
from grunlp.data.propbank.frame_index import INDEX_FILE, read_index
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.srl import SPEC
from grunlp.tasks.srl.inference import evaluate_srl
from grunlp.tasks.srl.lightning import SRLTask
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.srl.model import SRLModel
from grunlp.tasks.srl.options import SRLModelOptions
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
    corpus = open_srl_corpus(config.data, stream=config.loader.stream_buffer_size > 0)
    vectors, min_count = config.vocabulary.vectors, config.vocabulary.min_count
    extra_words = read_vector_vocabulary(vectors, config.vocabulary.max_vectors) if vectors else []
    frame_files = read_index(find_frames() / INDEX_FILE) if config.vocabulary.use_propbank_frame_files else {}
    vocabulary = Vocabulary.build(chain(corpus.train, corpus.extra or ()), min_count, extra_words, frame_files)
    initial = load_init_weights(config.model.init_from) if config.model.init_from else None
    if initial is not None:
        vocabulary = initial[0].extended_with(vocabulary)
    encoder, aligner = load_pretrained_encoder(config.model.encoder)
    collate, t = SRLCollator(vocabulary, aligner), config.trainer
    data = make_datamodule(
        corpus,
        plan_sentence_batches,
        collate,
        config.loader,
        config.trainer,
        config.seed,
        extra_data_epochs=config.loader.extra_data_epochs,
    )

    optimizer = EncoderOptimizerOptions(**config.optimizer)
    if encoder is not None and not optimizer.encoder_learning_rate:
        encoder.freeze()
    model = SRLModel(SRLModelOptions(**config.model), vocabulary, encoder, bool(config.data.extra_train))
    if initial is not None:
        init_from_weights(model, vocabulary, *initial, parts=("encoder.",))
    if vectors:
        init_embeddings_from_file(vectors, vocabulary.words, vocabulary.word_counts, model.encoder.words.table)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, encoder)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    lr_overrides = {} if encoder is None else {encoder.transformer: optimizer.encoder_learning_rate}
    task = SRLTask(model, optimizer, steps, lr_overrides)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sentences, %d words, %d tags", len(corpus.train), len(vocabulary.words), len(vocabulary.tags))

    def evaluate(examples: Any) -> SRLScores:
        return evaluate_srl(model, collate, examples, config.loader.batch_tokens)

    if fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode, corpus.num_removed):
        SPEC.write_card(run_dir)
