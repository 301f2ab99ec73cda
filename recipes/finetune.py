"""Train on from a trained labeller: what it knew before and after, on new and old text."""

import logging
import time

from datasets import Dataset, concatenate_datasets
from omegaconf import DictConfig, open_dict
from pytorch_lightning import seed_everything

from grunlp.card import write_card
from grunlp.data.batches import Collator
from grunlp.data.corpora import Corpus, leave_out, open_corpus
from grunlp.data.leaks import text_key
from grunlp.data.module import SRLData
from grunlp.data.vocabulary import Vocabulary
from grunlp.errors import GrunlpError
from grunlp.metrics.significance import compare
from grunlp.metrics.srl import SRLScores
from grunlp.models.transfer import transfer
from grunlp.run import Run, build_model, clear_run, load_run, new_run, save_settings, save_weights, write_metrics
from grunlp.tasks.finetuning import FrozenLayers, TowardsOld, layer_rates, layers_from_below
from grunlp.tasks.labelling import score
from grunlp.tasks.srl import SRLTask
from grunlp.tasks.trainer import load_best, make_trainer, peak_memory_mib

log = logging.getLogger("grunlp")


def run(config: DictConfig) -> None:
    """Start from the weights of `init`, train on the new data, score before and after on both development sets."""
    seed_everything(config.seed, verbose=False)
    old = load_run(config.init)
    run_dir = new_run(config.recipe, config.run_dir, config.overwrite)
    log.info("run folder: %s", run_dir)
    corpus = open_corpus(config.data)
    old_corpus = _open_old(old, config.finetune.old_share)
    train, left_out = _mix(corpus, old_corpus, config.finetune.old_share, config.seed)

    new_words = Vocabulary.count(corpus.train, config.vocabulary.min_count, [], {})
    vocabulary = old.collate.vocabulary.with_more(new_words)
    collate = Collator(vocabulary, old.collate.pieces)
    with open_dict(config):  # the network is that of the old run
        config.model, config.data.extra = old.config.model, None
    model = build_model(config, vocabulary, old.model.pretrained)
    transfer(dict(old.model.named_parameters()), old.collate.vocabulary, model, vocabulary)
    data = SRLData(
        Corpus(corpus.name, train, corpus.dev, corpus.test, None, left_out), collate, seed=config.seed, **config.loader
    )
    clear_run(run_dir)
    save_settings(run_dir, config, collate, model.pretrained)
    log.info(
        "%d new sentences, %d old ones; new: %d words, %d tags",
        len(corpus.train), len(train) - len(corpus.train),
        len(vocabulary.words) - len(old.collate.vocabulary.words),
        len(vocabulary.tags) - len(old.collate.vocabulary.tags),
    )  # fmt: skip

    developments = {"dev": corpus.dev} | ({"old dev": old_corpus.dev} if old_corpus else {})
    budget = config.loader.batch_tokens
    before = {name: score(old.model, old.collate, dev, budget) for name, dev in developments.items()}

    steps = data.count_steps(config.trainer.max_epochs, config.trainer.limit_batches)
    optimizer = config.optimizer
    rates = layer_rates(model, optimizer.learning_rate, config.finetune.layer_decay, optimizer.encoder_learning_rate)
    if model.pretrained is not None and not optimizer.encoder_learning_rate:
        model.pretrained.freeze()
    task = SRLTask(model, steps, optimizer.learning_rate, rates, optimizer.weight_decay, optimizer.warmup)
    frozen = FrozenLayers(layers_from_below(model)[: config.finetune.frozen_layers], config.finetune.frozen_epochs)
    trainer = make_trainer(run_dir, **config.trainer, more=[frozen, TowardsOld(config.finetune.penalty)])
    started = time.perf_counter()
    trainer.fit(task, data)
    seconds, memory = time.perf_counter() - started, peak_memory_mib()
    epochs = load_best(trainer, task)
    save_weights(run_dir, model.eval())
    took = {"seconds": seconds, "epochs": epochs, "left_out": left_out, "peak_memory_mib": memory}
    write_metrics(run_dir, "training", took)

    for name, dev in developments.items():
        after = score(model, collate, dev, budget)
        write_metrics(run_dir, f"{name} before", before[name].as_dict())
        write_metrics(run_dir, name, after.as_dict())
        print(_change(name, before[name], after))
    if corpus.test is not None:
        scores = score(model, collate, corpus.test, budget)
        write_metrics(run_dir, "test", scores.as_dict())
        print(f"\ntest\n{scores.report()}")
    write_card(run_dir)
    print(f"\ntrained in {seconds / 60:.1f} minutes, {memory:.0f} MiB at most; everything is in {run_dir}")


def _open_old(old: Run, share: float) -> Corpus | None:
    """What the old labeller was trained on; None, said in the log, where it is not at hand and not to be mixed in."""
    try:
        return open_corpus({**old.config.data, "extra": None})
    except GrunlpError as error:
        if share:
            there = "some of them are mixed in, lest the old kind of text be forgotten"
            raise GrunlpError(
                f"the old training data are not at hand: {error.wrong}",
                there,
                "Type finetune.old_share=0, or get them.",
            ) from None
        log.warning("no scores on the old development set: %s", error.wrong)
        return None


def _mix(corpus: Corpus, old: Corpus | None, share: float, seed: int) -> tuple[Dataset, int]:
    """New training sentences, old ones between them, and how many were left out because they occur in a dev or test
    set of either."""
    if old is None:
        return corpus.train, corpus.left_out
    splits = [part for part in (corpus.dev, corpus.test, old.dev, old.test) if part is not None]
    held_out = {text_key(words) for part in splits for words in part["words"]}
    train, more = leave_out("new", corpus.train, held_out)
    rest, _ = leave_out("old", old.train, held_out)
    rest = rest.shuffle(seed=seed).select(range(min(len(rest), round(share * len(train)))))
    return concatenate_datasets([train, rest]), corpus.left_out + more


def _change(name: str, before: SRLScores, after: SRLScores) -> str:
    """A line a score: before, after, and the difference with its interval."""
    lines = [f"\n{name:28}  before   after  difference   95 % interval"]
    for counting in [counting for counting in after.countings() if counting in before.countings()]:
        old, new = before.total(counting).overall.f1, after.total(counting).overall.f1
        low, high = compare(before.groups(counting), after.groups(counting)).interval
        lines.append(f"{counting:28}  {old:6.2f}  {new:6.2f}  {new - old:+10.2f}   {low:+.2f} to {high:+.2f}")
    return "\n".join(lines)
