"""The card of a run: what was trained on what, how well it does, and what it must not be used for."""

from pathlib import Path

from omegaconf import OmegaConf

from grunlp.run import CARD, CONFIG, WEIGHTS, read_metrics

# What a reader must know of each named data set before using a model trained on it.
DATA = {
    "demo": "The bundled demonstration, sentences made by rules: a model trained on it is good for nothing else.",
    "propbank-ewt": (
        "English Web Treebank (web logs, news groups, mail, reviews, answers) with PropBank roles, release 3.1; "
        "CC BY-SA 4.0. Predicates are verbs, nouns and adjectives. Not comparable with CoNLL-2005 or CoNLL-2012."
    ),
    "propbank-frames": "The example sentences of the PropBank frame files; CC BY-SA 4.0.",
}


def write_card(path: Path) -> None:
    """Write `card.md` from what the run folder holds."""
    metrics = read_metrics(path)
    config = OmegaConf.load(path / CONFIG)
    data, extra = config.data.name, config.data.extra
    size = (path / WEIGHTS).stat().st_size / 2**20
    training = metrics["training"]
    known = {*DATA, None}
    lines = [
        f"# Semantic role labeller trained on {data}{f' and {extra}' if extra else ''}",
        "",
        *(DATA[part] for part in (data, extra) if part in DATA),
        *([] if {data, extra} <= known else ["The user's own data is among it; its licence is the user's to state."]),
        "",
        "- input: tokenised sentences with their predicates; output: roles as legal BIO tags",
        f"- weights: {size:.1f} MiB; training: {training['epochs']} epochs in {training['seconds'] / 60:.1f} minutes; "
        f"seed {config.seed}",
        f"- {training['left_out']} training sentences left out because they occur in dev or test",
        "",
        "| split | counting | precision | recall | F1 | 95 % interval |",
        "|---|---|---|---|---|---|",
    ]
    for split in ("dev", "test"):
        for counting in ("srl-eval", "seqeval"):
            if split in metrics:
                s = metrics[split][counting]
                low, high = s["f1_interval"]
                row = f"{s['precision']:.2f} | {s['recall']:.2f} | {s['f1']:.2f} | {low:.2f} to {high:.2f}"
                lines.append(f"| {split} | {counting} | {row} |")
    lines += [
        "",
        "Wrong roles are common at these scores: not for decisions about people, and not for text unlike the training",
        "data without an evaluation on such text.",
        "",
    ]
    (path / CARD).write_text("\n".join(lines), encoding="utf-8")
