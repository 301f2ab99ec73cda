"""Fine-tune a trained labeller on new text, and compare it before and after on new and old text."""

import logging
from pathlib import Path

from datasets import Dataset, concatenate_datasets
from omegaconf import DictConfig, open_dict
from pytorch_lightning import seed_everything
from pytorch_lightning.callbacks import Callback

from grunlp.data.collate import SRLCollator
from grunlp.data.datasets.corpus import Corpus, dedup_keys, remove_overlap
from grunlp.data.datasets.srl import open_srl_corpus
from grunlp.data.deduplication import normalized_text
from grunlp.data.input_manifest import compare_inputs, record_input
from grunlp.data.vocabulary import Vocabulary
from grunlp.metrics.comparison import compare_span_scores, format_comparison
from grunlp.runs.layout import DATA_MANIFEST, VOCABULARY, WEIGHTS, RunMode, start_run, write_metrics
from grunlp.tasks.srl import SPEC
from grunlp.tasks.srl.checkpoint import TrainedSRL, load_trained_srl
from grunlp.tasks.srl.inference import evaluate_srl
from grunlp.tasks.srl.lightning import SRLTask
from grunlp.tasks.srl.model import SRLModel
from grunlp.tasks.srl.options import SRLModelOptions
from grunlp.training.checkpoint_io import save_config_and_vocab
from grunlp.training.datamodules import make_datamodule
from grunlp.training.finetuning import FreezeLayers, L2SPRegularization, layerwise_lr_decay
from grunlp.training.options import EncoderOptimizerOptions
from grunlp.training.sentence_datamodule import plan_sentence_batches
from grunlp.training.trainer import fit, make_trainer
from grunlp.training.weight_transfer import transfer_weights
from grunlp.utils.errors import UserError

log = logging.getLogger("grunlp")


def run(config: DictConfig, run_dir: Path, mode: RunMode) -> None:
    """Fine-tune the run `init_from` on new data; evaluate before and after on both dev sets and the new test set."""
    seed_everything(config.seed, verbose=False)
    old = load_trained_srl(config.init_from)
    record_input(old.path / VOCABULARY, old.path / WEIGHTS)
    corpus = open_srl_corpus(config.data)
    old_corpus = _open_original_corpus(old, config.finetune.replay_ratio)
    new, replayed, num_removed = _mix_corpora(corpus, old_corpus, config.finetune.replay_ratio, config.seed)

    vocabulary = old.collate.vocabulary.extended_with(Vocabulary.build(new, config.vocabulary.min_count, [], {}))
    collate = SRLCollator(vocabulary, old.collate.subword_aligner)
    with open_dict(config):  # the network has the options of the old run
        config.model = old.config.model
        config.trained_on = [*old.config.get("trained_on", [old.config.data]), config.data]
    model = SRLModel(SRLModelOptions(**config.model), vocabulary, old.model.encoder.pretrained)
    transfer_weights(dict(old.model.named_parameters()), old.collate.vocabulary, model, vocabulary)
    train = concatenate_datasets([new, *replayed])
    mixed = Corpus(corpus.name, train, corpus.dev, corpus.test, None, num_removed)
    data = make_datamodule(mixed, plan_sentence_batches, collate, config.loader, config.trainer, config.seed)
    if start_run(run_dir, mode):
        save_config_and_vocab(run_dir, config, collate, model.encoder.pretrained)
    log.info(
        "%d new sentences, %d old ones; new: %d words, %d tags", len(new), len(train) - len(new),
        len(vocabulary.words) - len(old.collate.vocabulary.words),
        len(vocabulary.tags) - len(old.collate.vocabulary.tags),
    )  # fmt: skip

    splits = {"dev": corpus.dev, "test": corpus.test, "old dev": old_corpus.dev if old_corpus else None}
    splits = {name: examples for name, examples in splits.items() if examples is not None}
    budget = config.loader.batch_tokens
    before = {name: evaluate_srl(old.model, old.collate, examples, budget) for name, examples in splits.items()}

    optimizer, t = EncoderOptimizerOptions(**config.optimizer), config.trainer
    if model.encoder.pretrained is not None and not optimizer.encoder_learning_rate:
        model.encoder.pretrained.freeze()
    lr_overrides = layerwise_lr_decay(
        model.encoder, optimizer.learning_rate, config.finetune.layerwise_lr_decay, optimizer.encoder_learning_rate
    )
    steps = data.num_optimizer_steps(t.max_epochs, t.limit_train_batches, t.accumulate_grad_batches)
    task = SRLTask(model.train(), optimizer, steps, lr_overrides)
    trainer = make_trainer(run_dir, config.seed, config.trainer, extra_callbacks=_callbacks(model, config))
    summary = fit(trainer, task, data, run_dir, mode, num_removed)
    if summary is None:
        return
    for name, examples in splits.items():
        after = evaluate_srl(model, collate, examples, budget)
        write_metrics(run_dir, f"{name} before", before[name].as_dict())
        write_metrics(run_dir, name, after.as_dict())
        print(f"\n{format_comparison(compare_span_scores(before[name], after), name, 'before', 'after')}", end="")
    SPEC.write_card(run_dir)
    print("\nThe epoch was chosen by dev, so its scores are optimistic.")
    print(summary)


def _callbacks(model: SRLModel, config: DictConfig) -> list[Callback]:
    """Make the callbacks of the options."""
    options = config.finetune
    callbacks: list[Callback] = []
    if options.frozen_layers and options.frozen_epochs:
        callbacks.append(FreezeLayers(model.encoder.layers_bottom_up()[: options.frozen_layers], options.frozen_epochs))
    if options.l2_sp:
        callbacks.append(L2SPRegularization(options.l2_sp))
    return callbacks


def _open_original_corpus(old: TrainedSRL, replay_ratio: float) -> Corpus | None:
    """Open the training data of the old labeller.

    Return None, with a warning, if they are neither available nor needed.
    """
    try:
        with compare_inputs(old.path / DATA_MANIFEST):
            return open_srl_corpus({**old.config.data, "extra_train": None})
    except UserError as error:
        if replay_ratio:
            raise UserError(
                f"the old training data are not available: {error.message}",
                "some of them are mixed in, so that the old kind of text is not forgotten",
                "Type finetune.replay_ratio=0, or get them.",
            ) from None
        log.warning("no scores on the old development set: %s", error.message)
        return None


def _mix_corpora(
    corpus: Corpus, old: Corpus | None, replay_ratio: float, seed: int
) -> tuple[Dataset, list[Dataset], int]:
    """Choose the training sentences.

    Sentences in the dev or test set of either corpus are removed from both training sets, and new sentences are removed
    from the old training set.

    Returns:
        the new sentences, the old ones to mix in, and the number of new sentences removed.
    """
    if old is None:
        return corpus.train, [], corpus.num_removed
    held_out = dedup_keys(corpus.dev, corpus.test, old.dev, old.test)
    new, num_removed = remove_overlap("new", corpus.train, held_out)
    known, own = dedup_keys(old.train), [split for split in (corpus.dev, corpus.test) if split is not None]
    seen = sum(normalized_text(words) in known for split in own for words in split["words"])
    if seen and corpus.name != old.name:
        log.warning("%d new dev and test sentences are in the old training data: their scores are optimistic", seen)
    rest, _ = remove_overlap("old", old.train, held_out | dedup_keys(new))
    rest = rest.shuffle(seed=seed).select(range(min(len(rest), round(replay_ratio * len(new)))))
    return new, [rest], corpus.num_removed + num_removed
