"""Train a network that reads a text and writes another: seed, data, model, task, trainer, fit, test once."""

import logging
from itertools import chain
from pathlib import Path

from omegaconf import DictConfig
from pytorch_lightning import seed_everything

from grunlp.data.parallel_collate import PairCollator
from grunlp.data.subword_tokenizer import TextTokenizer
from grunlp.runs.layout import Start, begin_run
from grunlp.tasks.model_card import write_card
from grunlp.tasks.seq2seq.checkpoint import build_seq2seq, save_text_settings, search_of, search_values, write_outputs
from grunlp.tasks.seq2seq.data import open_pairs
from grunlp.tasks.seq2seq.inference import score
from grunlp.tasks.seq2seq.lightning import Seq2SeqTask
from grunlp.training.dealing import pair_data
from grunlp.training.trainer import fit, make_trainer, score_splits

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, start: Start) -> None:
    """Train on the training split, keep the best epoch on dev, read the test split once."""
    seed_everything(config.seed, verbose=False)
    corpus = open_pairs(config.data, config.scores == "bleu", stream=config.loader.stream > 0)
    pieces, t = config.tokenizer, config.trainer
    texts = (corpus.train["source"], corpus.train["target"])
    if pieces.shared:
        source = target = TextTokenizer.train(pieces.kind, chain(*texts), pieces.size, pieces.min_count)
    else:
        source, target = (TextTokenizer.train(pieces.kind, some, pieces.size, pieces.min_count) for some in texts)
    more = {"resplit": pieces.resplit, "turns": t.limit_batches, "accumulate": t.accumulate, "seed": config.seed}
    data = pair_data(corpus, source, target, **more, **config.loader)

    model = build_seq2seq(config, source, target)
    if begin_run(run_dir, start):
        save_text_settings(run_dir, config, source, target)
    steps = data.count_steps(t.max_epochs, t.limit_batches, t.accumulate)
    limits, search = search_of(search_values(config))
    task = Seq2SeqTask(model, target, limits, config.scores, steps, **config.optimizer)
    trainer = make_trainer(run_dir, config.seed, **config.trainer)
    log.info("%d pairs; %d and %d words or pieces", len(corpus.train), len(source), len(target))

    took = fit(trainer, task, data, run_dir, corpus.left_out, start)
    collate = data.validation()[2]
    assert isinstance(collate, PairCollator)
    how = (config.scores, limits, search, config.loader.batch_tokens)
    found = score_splits(run_dir, corpus, lambda pairs: score(model, collate, pairs, *how))
    for split, scores in found.items():
        write_outputs(run_dir, split, scores.outputs)
    write_card(run_dir)
    print(f"\n{took}")
