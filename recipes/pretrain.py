"""Pretrain the lower layers of a labeller on raw text: seed, data, model, task, trainer, fit."""

import logging
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.collate import FrameCollator
from grunlp.data.vocabulary import Vocabulary
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.runs.layout import Start, begin_run, write_metrics
from grunlp.tasks.pretraining.data import open_text
from grunlp.tasks.pretraining.lightning import MaskedTask
from grunlp.tasks.pretraining.model import MaskedLanguageModel
from grunlp.tasks.srl.checkpoint import save_settings
from grunlp.training.dealing import sentence_data
from grunlp.training.trainer import fit, make_trainer

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the text, keep the epoch that guesses the words of the development text best."""
    seed_everything(config.seed, verbose=False)
    corpus = open_text(config.data, stream=config.loader.stream > 0)
    vocabulary = Vocabulary.count(corpus.train, config.vocabulary.min_count, [], {})
    collate = FrameCollator(vocabulary, None)
    t = config.trainer
    data = sentence_data(
        corpus,
        collate,
        extra_epochs=0,
        turns=t.limit_batches,
        accumulate=t.accumulate,
        seed=config.seed,
        **config.loader,
    )

    sizes = config.model
    encoder = SentenceEncoder(
        vocabulary.word_counts,
        len(vocabulary.characters),
        pretrained=None,
        word_size=sizes.word_size,
        character_size=sizes.character_size,
        characters=sizes.characters,
        shapes=False,
        hidden_size=sizes.hidden_size,
        num_layers=sizes.num_layers,
        residual=sizes.residual,
        cell=sizes.cell,
        input_dropout=sizes.dropout,
        dropout=sizes.dropout,
        word_dropout=0.0,
    )
    model = MaskedLanguageModel(encoder, sizes.hidden)
    if begin_run(run_dir, start):
        save_settings(run_dir, config, collate, None)
    steps = data.count_steps(t.max_epochs, t.limit_batches, t.accumulate)
    task = MaskedTask(model, steps, **config.optimizer, seed=config.seed)
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d sentences, %d different words", len(corpus.train), len(vocabulary.words))

    took = fit(trainer, task, data, run_dir, corpus.left_out, start)
    scores = {name: float(trainer.callback_metrics[f"dev/{name}"]) for name in ("loss", "perplexity")}
    write_metrics(run_dir, "last epoch", scores)
    print(f"\n{took}")
