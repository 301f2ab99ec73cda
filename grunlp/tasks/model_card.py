"""The model card of a run: the model, its training data, its scores, and unsuitable uses."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from grunlp.utils.atomic_io import write_file_atomically

if TYPE_CHECKING:
    from omegaconf import DictConfig

_USER_DATA_NOTICE = "The user's own data are among its training data; their licence is not known here."


class CardText(NamedTuple):
    """The parts of a model card that depend on the recipe.

    Attributes:
        title: the kind of model, such as "Classifier".
        input: description of its input.
        output: description of its output.
        caveat: uses that it is not suitable for.
        unit: the kind of its training examples, in the plural; "" if no examples are left out.
    """

    title: str
    input: str
    output: str
    caveat: str
    unit: str = "sentences"


def write_model_card(
    run: Path,
    config: "DictConfig",
    metrics: Mapping[str, Any],
    text: CardText,
    dataset_notes: Mapping[str, str],
    scores: Sequence[str],
    extra: Sequence[str] = (),
) -> None:
    """Write `card.md` into a run folder.

    Args:
        run: the run folder.
        config: the configuration of the run.
        metrics: the contents of its `metrics.json`.
        text: the parts that depend on the recipe.
        dataset_notes: notes for readers about each named data set.
        scores: the lines that show the scores.
        extra: further paragraphs on the data.
    """
    from grunlp.runs.file_list import run_file
    from grunlp.runs.layout import MODEL_CARD, WEIGHTS

    datasets = [
        part
        for data in config.get("trained_on", [config.data])
        for part in (data.name, data.get("extra_train"))
        if part
    ]
    link = ", then " if "trained_on" in config else " and "
    init_from = config.get("model", {}).get("init_from")
    size, training = (run / WEIGHTS).stat().st_size / 2**20, metrics["training"]
    lines = [
        f"# {text.title} trained on {link.join(datasets)}",
        "",
        *(dataset_notes[name] for name in dict.fromkeys(datasets) if name in dataset_notes),
        *([_USER_DATA_NOTICE] if set(datasets) - set(dataset_notes) else []),
        *([f"Fine-tuned from {config.init_from}."] if "init_from" in config else []),
        *([f"Its word embeddings and sentence encoder started from {init_from}."] if init_from else []),
        *extra,
        "",
        f"- input: {text.input}",
        f"- output: {text.output}",
        f"- weights: {size:.1f} MiB; training: {training['epochs']} epochs in {training['seconds'] / 60:.1f} minutes; "
        f"seed {config.seed}",
    ]
    if text.unit:
        left_out = training["left_out"]
        lines.append(f"- {left_out} training {text.unit} left out because they occur in dev or test")
    if "speed" in metrics:
        speed = metrics["speed"]
        lines.append(
            f"- speed: {speed['words_per_second']:.0f} words a second from raw text to frames on one thread of the "
            f"machine that built it ({speed['lowest']:.0f} to {speed['highest']:.0f} in five repeats)"
        )
    write_file_atomically(run_file(run, MODEL_CARD), "\n".join([*lines, "", *scores, "", text.caveat, ""]))


def metric_table(metrics: Mapping[str, Any]) -> list[str]:
    """Format the metrics of the splits of a run, the contents of `metrics.json`, as a Markdown table."""
    lines = ["| split | metric | score | 95 % interval | definition |", "|---|---|---|---|---|"]
    for split in ("dev", "test"):
        for name, score in metrics.get(split, {}).items():
            (low, high), definition = score["interval"], score["how"].replace("|", ", ")
            lines.append(f"| {split} | {name} | {score['score']:.4g} | {low:.4g} to {high:.4g} | {definition} |")
    return lines


def span_table(metrics: Mapping[str, Any], titles: Mapping[str, str]) -> list[str]:
    """Format precision, recall and F1 of the splits of a run as a Markdown table.

    `titles` are those of the counting schemes.
    """
    lines = ["| split | score | precision | recall | F1 | 95 % interval |", "|---|---|---|---|---|---|"]
    for split in ("dev", "test"):
        for scheme in (name for name in titles if name in metrics.get(split, {})):
            score = metrics[split][scheme]
            low, high = score["f1_interval"]
            row = f"{score['precision']:.2f} | {score['recall']:.2f} | {score['f1']:.2f} | {low:.2f} to {high:.2f}"
            lines.append(f"| {split} | {titles[scheme]} | {row} |")
    return lines
