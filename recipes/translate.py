"""Train a sequence-to-sequence model: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.seq2seq import SPEC
from grunlp.tasks.seq2seq.checkpoint import (
    make_beam_search,
    save_seq2seq_config,
    search_config,
    write_predictions,
)
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.inference import evaluate_seq2seq
from grunlp.tasks.seq2seq.lightning import Seq2SeqTask
from grunlp.tasks.seq2seq.metrics import TextScores
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.tasks.seq2seq.options import Seq2SeqOptions
from grunlp.training.options import OptimizerOptions
from grunlp.training.trainer import fit_and_evaluate, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the epoch that is best on dev, evaluate the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_parallel_corpus(config.data, config.metric == "bleu", stream=config.loader.stream_buffer_size > 0)
    options, t = config.tokenizer, config.trainer
    texts = (corpus.train["source"], corpus.train["target"])
    if options.shared:
        source = target = TextTokenizer.train(options.kind, chain(*texts), options.size, options.min_count)
    else:
        source, target = (TextTokenizer.train(options.kind, text, options.size, options.min_count) for text in texts)
    data = make_parallel_datamodule(
        corpus, source, target, config.loader, config.trainer, config.seed, options.subword_regularization
    )

    model = Seq2Seq(Seq2SeqOptions(**config.model), len(source), len(target), shared_vocabulary=source is target)
    if start_run(run_dir, mode):
        save_seq2seq_config(run_dir, config, source, target)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    limits, search = make_beam_search(search_config(config))
    metric = config.metric, config.metric_tokenize
    task = Seq2SeqTask(model, OptimizerOptions(**config.optimizer), steps, target, limits, *metric)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d pairs; %d source and %d target tokens", len(corpus.train), len(source), len(target))
    collate = data.val_collate
    assert isinstance(collate, ParallelCollator)

    def evaluate(pairs: Any) -> TextScores:
        batch_tokens = config.loader.batch_tokens
        return evaluate_seq2seq(
            model, collate, pairs, config.metric, limits, search, batch_tokens, config.metric_tokenize
        )

    results = fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode, corpus.num_removed)
    for split, scores in results.items():
        write_predictions(run_dir, split, scores.outputs)
    if results:
        SPEC.write_card(run_dir)
