"""Train a language model: seed, text, model, task, trainer, fit, test once."""

import logging
from pathlib import Path
from typing import Any

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import RunMode, start_run
from grunlp.tasks.language_modeling import SPEC
from grunlp.tasks.language_modeling.data import open_running_text
from grunlp.tasks.language_modeling.datamodule import BPTTDataModule
from grunlp.tasks.language_modeling.inference import evaluate_language_model
from grunlp.tasks.language_modeling.lightning import LanguageModelTask
from grunlp.tasks.language_modeling.metrics import LanguageModelScores
from grunlp.tasks.language_modeling.model import MIN_ADAPTIVE_VOCAB, LanguageModel
from grunlp.tasks.language_modeling.options import LanguageModelOptions
from grunlp.tasks.seq2seq.checkpoint import save_seq2seq_config
from grunlp.training.options import OptimizerOptions
from grunlp.training.trainer import fit_and_evaluate, make_trainer
from grunlp.utils.errors import UserError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Train on the text, keep the epoch that predicts dev best, evaluate the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_running_text(config.data)
    t = config.tokenizer
    tokenizer = TextTokenizer.train(t.kind, corpus.train["text"], t.size, t.min_count)
    data = BPTTDataModule(corpus, tokenizer, config.loader, config.trainer.accumulate_grad_batches, config.seed)

    if config.model.adaptive_softmax and len(tokenizer) < MIN_ADAPTIVE_VOCAB:
        details = f"the vocabulary has {len(tokenizer)} tokens, fewer than {MIN_ADAPTIVE_VOCAB}"
        raise UserError("model.adaptive_softmax=true", details, "Type model.adaptive_softmax=false")
    model = LanguageModel(LanguageModelOptions(**config.model), len(tokenizer))
    if start_run(run_dir, mode):
        save_seq2seq_config(run_dir, config, tokenizer, tokenizer)
    t = config.trainer
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    task = LanguageModelTask(model, OptimizerOptions(**config.optimizer), steps, t.accumulate_grad_batches)
    trainer = make_trainer(run_dir, config.seed, config.trainer)
    log.info("%d tokens, %d different ones", len(data.train), len(tokenizer))

    def evaluate(lines: Any) -> LanguageModelScores:
        return evaluate_language_model(model, tokenizer, lines["text"], None)

    if fit_and_evaluate(trainer, task, data, corpus, evaluate, run_dir, mode, corpus.num_removed):
        SPEC.write_card(run_dir)
