"""Pretrain the sentence encoder of a labeller on raw text: seed, data, model, task, trainer, fit."""

import logging
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.collate import SRLCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.runs.layout import RunMode, start_run, write_metrics
from grunlp.tasks.pretraining.data import open_pretraining_text
from grunlp.tasks.pretraining.lightning import MaskedTask
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.tasks.pretraining.options import MaskedModelOptions
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.training.datamodules import make_datamodule
from grunlp.training.options import OptimizerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.trainer import fit, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the text, keep the epoch that predicts the masked words of dev best."""
    seed_everything(config.seed, verbose=False)
    corpus = open_pretraining_text(config.data, stream=config.loader.stream_buffer_size > 0)
    vocabulary = Vocabulary.build(corpus.train, config.vocabulary.min_count, [], {})
    collate = SRLCollator(vocabulary, None)
    t = config.trainer
    data = make_datamodule(corpus, plan_sentence_batches, collate, config.loader, config.trainer, config.seed)

    model = MaskedLanguageModel(MaskedModelOptions(**config.model), vocabulary)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, None)
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    task = MaskedTask(model, OptimizerOptions(**config.optimizer), steps, config.seed)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d sentences, %d different words", len(corpus.train), len(vocabulary.words))

    summary = fit(trainer, task, data, run_dir, mode, corpus.num_removed)
    if summary is not None:
        scores = {name: float(trainer.callback_metrics[f"dev/{name}"]) for name in ("loss", "perplexity")}
        write_metrics(run_dir, "last epoch", scores)
        print(f"\n{summary}")
