"""The card of a run: what was trained on what, how well it does, and what it must not be used for."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from grunlp.configuration.saved_config import load_config
from grunlp.runs.layout import CONFIG, MODEL_CARD, WEIGHTS, read_metrics
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.tasks.tagging.metrics import TagScores
from grunlp.utils.atomic_io import write_file_atomically

# What a reader must know of each named data set before using a model trained on it.
DATASET_DESCRIPTIONS = {
    "demo": "The bundled demonstration, sentences made by rules: a model trained on it is good for nothing else.",
    "propbank-ewt": (
        "English Web Treebank (web logs, news groups, mail, reviews, answers) with PropBank roles, release 3.1; "
        "CC BY-SA 4.0. Predicates are verbs, nouns and adjectives. Not comparable with CoNLL-2005 or CoNLL-2012."
    ),
    "wnut17": "Emerging entities of WNUT-17 (tweets, comments, forum posts); CC BY 4.0.",
    "headlines": "The bundled demonstration, sentences made by rules: a model trained on it is good for nothing else.",
    "reversal": "The bundled demonstration, strings of digits: a model trained on it is good for nothing else.",
    **dict.fromkeys(
        ("multi30k-de-en", "multi30k-en-de"),
        "Descriptions of pictures (Multi30k, task 1; Elliott et al. 2016); for research, not for commerce.",
    ),
    "aeslc": "E-mails of a company and their subject lines (AESLC; Zhang and Tetreault 2019); CC BY-NC-SA 4.0.",
    "tinyshakespeare": "A million characters of Shakespeare (Karpathy 2015); public domain.",
    "polarity": "Sentences of film reviews (sentence polarity 1.0; Pang and Lee 2005); CC BY 4.0.",
    "opinions": "The bundled demonstration, sentences made by rules: a model trained on it is good for nothing else.",
    "waves": "The bundled demonstration, made-up numbers: a model trained on it is good for nothing else.",
    "seasons": "The bundled demonstration, a series made by rules: a model trained on it is good for nothing else.",
    "etth1": "Oil temperature and loads of an electricity transformer, hourly (ETTh1; Zhou et al. 2021); CC BY-ND 4.0.",
    "weather": "Daily weather of Seattle, 2012 to 2015 (vega-datasets).",
    "stocks": "Monthly prices of five shares, 2000 to 2010 (vega-datasets).",
    "propbank-frames": "The example sentences of the PropBank frame files; CC BY-SA 4.0.",
}

_SRL_METRIC_NOTES = (
    "srl-eval (V apart), conlleval and seqeval count roles of given predicates; senses are of given ones, too.",
    "Most frequent senses: what a lemma's most frequent roleset of the training data would always have got.",
)
_DOMAIN_CAVEAT_SERIES = "for series unlike the training data without an evaluation on such series."
_DOMAIN_CAVEAT = "for text unlike the training data, or in another language, without an evaluation on such text."
_GENERATION_CAVEAT = (
    "What it writes may read well and be wrong, and repeats what its training data say of people: not for what is",
    "read as true, and not",
)
_USER_DATA_NOTICE = "Data of the user's own is among it, whose licence is not known here."

# Recipes whose models label no words: what they are trained on.
_EXAMPLE_UNITS = {
    "translate": "pairs",
    "summarize": "pairs",
    "lm": "lines",
    "classify": "examples",
    "forecast": "series",
}

# By recipe, labellers if it is another: what the model is, its input and its output.
_TASK_DESCRIPTIONS = {
    "tag": (
        "Tagger",
        "sentences, tokenised or as raw English text",
        "a tag for every word; those of spans are legal IOB2",
    ),
    "translate": ("Translator", "a text a line", "a text for each"),
    "summarize": ("Summarizer", "a text a line", "a short text for each"),
    "classify": ("Classifier", "texts, or sequences of measurements", "the probability of each class"),
    "forecast": (
        "Forecaster",
        "a table of series, at least as many rows of each as a window reads",
        "the rows that come next, with intervals where it was trained to tell them",
    ),
    "lm": ("Language model", "the beginning of a text, or nothing", "how it may go on, or how likely a text is"),
}
_SRL_DESCRIPTION = (
    "Semantic role labeller",
    "sentences, tokenised or as raw English text",
    "predicates with their rolesets, and the roles of each as legal BIO tags",
)


def write_model_card(path: Path, extra: Sequence[str] = ()) -> None:
    """Write `card.md` from what the run folder holds, and `extra` paragraphs on the data."""
    metrics = read_metrics(path)
    config = load_config(path / CONFIG)
    names = [
        part for data in config.get("trained_on", [config.data]) for part in (data.name, data.get("extra")) if part
    ]
    link = ", then " if "trained_on" in config else " and "
    init = config.model.get("init")
    size = (path / WEIGHTS).stat().st_size / 2**20
    training = metrics["training"]
    unit = _EXAMPLE_UNITS.get(config.recipe, "sentences")
    title, reads, writes = _TASK_DESCRIPTIONS.get(config.recipe, _SRL_DESCRIPTION)
    lines = [
        f"# {title} trained on {link.join(names)}",
        "",
        *(DATASET_DESCRIPTIONS[name] for name in dict.fromkeys(names) if name in DATASET_DESCRIPTIONS),
        *([_USER_DATA_NOTICE] if set(names) - set(DATASET_DESCRIPTIONS) else []),
        *([f"Fine-tuned from {config.init}."] if "init" in config else []),
        *([f"Its words and sentence encoder started from {init}."] if init else []),
        *extra,
        "",
        f"- input: {reads}",
        f"- output: {writes}",
        f"- weights: {size:.1f} MiB; training: {training['epochs']} epochs in {training['seconds'] / 60:.1f} minutes; "
        f"seed {config.seed}",
        *(
            []
            if config.recipe == "forecast"
            else [f"- {training['left_out']} training {unit} left out because they occur in dev or test"]
        ),
        *_speed_section(metrics),
        "",
        *(
            _metric_section(metrics, config.recipe)
            if config.recipe in _EXAMPLE_UNITS
            else _span_section(metrics, config.recipe == "tag")
        ),
        _DOMAIN_CAVEAT_SERIES if config.recipe == "forecast" else _DOMAIN_CAVEAT,
        "",
    ]
    write_file_atomically(path / MODEL_CARD, "\n".join(lines))


def _metric_section(metrics: dict[str, Any], recipe: str) -> list[str]:
    """Scores that are measures, and what they are not good for."""
    lines = ["| split | what | score | 95 % interval | counted by |", "|---|---|---|---|---|"]
    for split in ("dev", "test"):
        for name, score in metrics.get(split, {}).items():
            (low, high), how = score["interval"], score["how"].replace("|", ", ")
            lines.append(f"| {split} | {name} | {score['score']:.4g} | {low:.4g} to {high:.4g} | {how} |")
    if recipe == "forecast":
        return [*lines, "", *_forecast_section(metrics)]
    return [
        *lines,
        "",
        "Intervals are by bootstrap over examples.",
        "",
        *(
            ["Wrong classes are to be expected at these scores: not for decisions about people, and not"]
            if recipe == "classify"
            else _GENERATION_CAVEAT
        ),
    ]


def _forecast_section(metrics: dict[str, Any]) -> list[str]:
    """What the scores of the last split mean."""
    last = metrics.get("test", metrics.get("dev", {}))
    return [
        *(score["verdict"] for score in last.values() if "verdict" in score),
        "",
        "Intervals are by bootstrap over stretches of time, p-values by the test of Diebold and Mariano.",
        "",
        "The future need not be like the past: not where a wrong forecast does harm that nobody bounds, and not",
    ]


def _span_section(metrics: dict[str, Any], tagger: bool) -> list[str]:
    """Scores of labels, and what they are not good for."""
    titles = TagScores.TITLES if tagger else SRLScores.TITLES
    lines = ["| split | what | precision | recall | F1 | 95 % interval |", "|---|---|---|---|---|---|"]
    for split in ("dev", "test"):
        for counting in (name for name in titles if name in metrics.get(split, {})):
            s = metrics[split][counting]
            low, high = s["f1_interval"]
            row = f"{s['precision']:.2f} | {s['recall']:.2f} | {s['f1']:.2f} | {low:.2f} to {high:.2f}"
            lines.append(f"| {split} | {titles[counting]} | {row} |")
    return [
        *lines,
        "",
        *([] if tagger else _SRL_METRIC_NOTES),
        "Intervals are by bootstrap over documents, or over sentences where none are named.",
        "",
        f"Wrong {'tags' if tagger else 'roles'} are common at these scores: not for decisions about people, and not",
    ]


def _speed_section(metrics: dict[str, Any]) -> list[str]:
    if "speed" not in metrics:
        return []
    s = metrics["speed"]
    return [
        f"- speed: {s['words_per_second']:.0f} words a second from raw text to frames on one thread where it was "
        f"built ({s['lowest']:.0f} to {s['highest']:.0f} in five repeats)"
    ]
