"""The card of a run: what was trained on what, how well it does, and what it must not be used for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf

from grunlp.metrics.srl import SRLScores
from grunlp.metrics.tagging import TagScores
from grunlp.run_folder import CARD, CONFIG, WEIGHTS, read_metrics

# What a reader must know of each named data set before using a model trained on it.
DATA = {
    "demo": "The bundled demonstration, sentences made by rules: a model trained on it is good for nothing else.",
    "propbank-ewt": (
        "English Web Treebank (web logs, news groups, mail, reviews, answers) with PropBank roles, release 3.1; "
        "CC BY-SA 4.0. Predicates are verbs, nouns and adjectives. Not comparable with CoNLL-2005 or CoNLL-2012."
    ),
    "wnut17": "Emerging entities of WNUT-17 (tweets, comments, forum posts); CC BY 4.0.",
    "propbank-frames": "The example sentences of the PropBank frame files; CC BY-SA 4.0.",
}

_ROLES = (
    "srl-eval (V apart), conlleval and seqeval count roles of given predicates; senses are of given ones, too.",
    "Most frequent senses: what a lemma's most frequent roleset of the training data would always have got.",
)
_OWN = "Data of the user's own is among it, whose licence is not known here."


def write_card(path: Path, more: Sequence[str] = ()) -> None:
    """Write `card.md` from what the run folder holds, and `more` paragraphs on the data."""
    metrics = read_metrics(path)
    config = OmegaConf.load(path / CONFIG)
    assert isinstance(config, DictConfig)
    names = [
        part for data in config.get("trained_on", [config.data]) for part in (data.name, data.get("extra")) if part
    ]
    init = config.model.get("init")
    link = ", then " if "trained_on" in config else " and "
    size = (path / WEIGHTS).stat().st_size / 2**20
    training = metrics["training"]
    tagger = config.recipe == "tag"
    titles = TagScores.TITLES if tagger else SRLScores.TITLES
    lines = [
        f"# {'Tagger' if tagger else 'Semantic role labeller'} trained on {link.join(names)}",
        "",
        *(DATA[name] for name in dict.fromkeys(names) if name in DATA),
        *([_OWN] if set(names) - set(DATA) else []),
        *([f"Fine-tuned from {config.init}."] if "init" in config else []),
        *([f"Its words and sentence encoder started from {init}."] if init else []),
        *more,
        "",
        "- input: sentences, tokenised or as raw English text",
        "- output: a tag for every word; those of spans are legal IOB2"
        if tagger
        else "- output: predicates with their rolesets, and the roles of each as legal BIO tags",
        f"- weights: {size:.1f} MiB; training: {training['epochs']} epochs in {training['seconds'] / 60:.1f} minutes; "
        f"seed {config.seed}",
        f"- {training['left_out']} training sentences left out because they occur in dev or test",
        *_speed(metrics),
        "",
        "| split | what | precision | recall | F1 | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for split in ("dev", "test"):
        for counting in (name for name in titles if name in metrics.get(split, {})):
            s = metrics[split][counting]
            low, high = s["f1_interval"]
            row = f"{s['precision']:.2f} | {s['recall']:.2f} | {s['f1']:.2f} | {low:.2f} to {high:.2f}"
            lines.append(f"| {split} | {titles[counting]} | {row} |")
    lines += [
        "",
        *([] if tagger else _ROLES),
        "Intervals are by bootstrap over documents, or over sentences where none are named.",
        "",
        f"Wrong {'tags' if tagger else 'roles'} are common at these scores: not for decisions about people, and not",
        "for text unlike the training data, or in another language, without an evaluation on such text.",
        "",
    ]
    (path / CARD).write_text("\n".join(lines), encoding="utf-8")


def _speed(metrics: dict[str, Any]) -> list[str]:
    if "speed" not in metrics:
        return []
    s = metrics["speed"]
    return [
        f"- speed: {s['words_per_second']:.0f} words a second from raw text to frames on one thread where it was "
        f"built ({s['lowest']:.0f} to {s['highest']:.0f} in five repeats)"
    ]
