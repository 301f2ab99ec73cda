"""Train a network that reads a text and writes another: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.parallel_collate import ParallelCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.seq2seq import SPEC
from grunlp.tasks.seq2seq.checkpoint import (
    build_seq2seq,
    make_beam_search,
    save_seq2seq_config,
    search_config,
    write_predictions,
)
from grunlp.tasks.seq2seq.data import open_parallel_corpus
from grunlp.tasks.seq2seq.datamodule import make_parallel_datamodule
from grunlp.tasks.seq2seq.inference import evaluate_seq2seq
from grunlp.tasks.seq2seq.lightning import Seq2SeqTask
from grunlp.training.trainer import evaluate_splits, fit, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_parallel_corpus(config.data, config.metric == "bleu", stream=config.loader.stream_buffer_size > 0)
    pieces, t = config.tokenizer, config.trainer
    texts = (corpus.train["source"], corpus.train["target"])
    if pieces.shared:
        source = target = TextTokenizer.train(pieces.kind, chain(*texts), pieces.size, pieces.min_count)
    else:
        source, target = (TextTokenizer.train(pieces.kind, some, pieces.size, pieces.min_count) for some in texts)
    data = make_parallel_datamodule(
        corpus, source, target, config.loader, config.trainer, config.seed, pieces.subword_regularization
    )

    model = build_seq2seq(config, source, target)
    if start_run(run_dir, mode):
        save_seq2seq_config(run_dir, config, source, target)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    limits, search = make_beam_search(search_config(config))
    task = Seq2SeqTask(model, target, limits, config.metric, steps, **config.optimizer)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d pairs; %d and %d words or pieces", len(corpus.train), len(source), len(target))

    took = fit(trainer, task, data, run_dir, corpus.num_removed, mode)
    collate = data.val_collate
    assert isinstance(collate, ParallelCollator)
    how = (config.metric, limits, search, config.loader.batch_tokens)
    found = evaluate_splits(run_dir, corpus, lambda pairs: evaluate_seq2seq(model, collate, pairs, *how))
    for split, scores in found.items():
        write_predictions(run_dir, split, scores.outputs)
    SPEC.write_card(run_dir)
    print(f"\n{took}")
