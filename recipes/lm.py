"""Train a language model: seed, text, model, task, trainer, fit, test once."""

import logging
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import Start, begin_run
from grunlp.tasks.language_modeling.bptt_windows import StreamData
from grunlp.tasks.language_modeling.checkpoint import build_language_model
from grunlp.tasks.language_modeling.data import open_running_text
from grunlp.tasks.language_modeling.inference import score
from grunlp.tasks.language_modeling.lightning import LanguageModelTask
from grunlp.tasks.language_modeling.model import LEAST_ADAPTIVE
from grunlp.tasks.model_card import write_card
from grunlp.tasks.seq2seq.checkpoint import save_text_settings
from grunlp.training.trainer import fit, make_trainer, score_splits
from grunlp.utils.errors import GrunlpError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the text, keep the epoch that tells the development text best, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_running_text(config.data)
    t = config.tokenizer
    tokenizer = TextTokenizer.train(t.kind, corpus.train["text"], t.size, t.min_count)
    data = StreamData(corpus, tokenizer, **config.loader, accumulate=config.trainer.accumulate, seed=config.seed)

    if config.model.adaptive and len(tokenizer) < LEAST_ADAPTIVE:
        there = f"the vocabulary has {len(tokenizer)} tokens, too few to be parted"
        raise GrunlpError("model.adaptive=true", there, "Type model.adaptive=false")
    model = build_language_model(config, tokenizer)
    if begin_run(run_dir, start):
        save_text_settings(run_dir, config, tokenizer, tokenizer)
    steps = data.count_steps(config.trainer.max_epochs, config.trainer.limit_batches, config.trainer.accumulate)
    task = LanguageModelTask(model, config.trainer.accumulate, steps, **config.optimizer)
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d tokens, %d different ones", len(data.train), len(tokenizer))

    took = fit(trainer, task, data, run_dir, corpus.left_out, start)
    score_splits(run_dir, corpus, lambda lines: score(model, tokenizer, lines["text"], None))
    write_card(run_dir)
    print(f"\n{took}")
