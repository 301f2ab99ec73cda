"""The error report: where a role labeller goes wrong, and what would mend it."""

from collections.abc import Sequence

from grunlp.data.tags import PREDICATE_LABEL, Span, tags_to_spans
from grunlp.metrics.span_counts import SpanCounts
from grunlp.tasks.srl.error_analysis import ErrorAnalysis, PredicateExample, worst_examples
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.visualization.arc_diagram import ArcRow, render_arcs
from grunlp.visualization.html_page import render_page, section, table
from grunlp.visualization.svg_text import escape_markup

_MAX_WORST_EXAMPLES = 30  # sentences shown
_MAX_CONFUSION_LABELS = 14  # labels of the table of confusions


def error_report(title: str, scores: SRLScores) -> str:
    """A page about one labelling of given predicates.

    Args:
        title: what was labelled by what.
        scores: of it.
    """
    analysis = ErrorAnalysis()
    for case in scores.examples:
        analysis.add(case)
    parts = [
        _scores(scores),
        section(
            "What would mend it",
            "Each fix is made by an oracle that knows the gold spans, after the fixes above it (He et al. 2017, §4.1). "
            "Share: how much of the way to 100 it goes. Here and below a continuation (C-) is a span of its own, "
            "so that F1 differs a little from srl-eval's.",
            table(
                ["fix", "F1 after it", "share, %"],
                [("none", analysis.total.f1, 0.0), *analysis.oracle_gains()],
                bar=2,
            ),
        ),
    ]
    for kind, tallies in analysis.by_group.items():
        names = sorted(tallies) if kind == "role" else sorted(tallies, key=_first_number)
        rows = [_row(name, tallies[name]) for name in names]
        explanation = f"Arguments by {kind}; a wrong span counts where it was predicted."
        header = [kind, "gold", "predicted", "precision", "recall", "F1"]
        parts.append(section(f"By {kind}", explanation, table(header, rows, bar=5)))
    parts += [_confusion(analysis), _worst(scores.examples)]
    return render_page(title, parts)


def _scores(scores: SRLScores) -> str:
    rows = []
    for name in scores.schemes():
        overall, (low, high) = scores.total(name).overall, scores.intervals(name).f1
        rows.append((scores.TITLES[name], overall.precision, overall.recall, overall.f1, f"{low:.2f} to {high:.2f}"))
    documents = len(scores.by_document(scores.schemes()[0]))
    explanation = (
        f"{len(scores.documents):,} sentences; intervals by bootstrap over {documents:,} documents or sentences."
    )
    return section("Scores", explanation, table(["", "precision", "recall", "F1", "95 % interval"], rows, bar=3))


def _row(name: str, counts: SpanCounts) -> tuple[str, int, int, float, float, float]:
    gold, predicted = counts.tp + counts.fn, counts.tp + counts.fp
    return name, gold, predicted, counts.precision, counts.recall, counts.f1


def _first_number(group: str) -> tuple[int, int]:
    """Order of parts such as "unseen in training", "1", "2 to 10", "more than 1000"."""
    numbers = [int(word) for word in group.split() if word.isdigit()]
    return (numbers[0] if numbers else -1), int(group.startswith("more"))


def _confusion(analysis: ErrorAnalysis) -> str:
    counts = analysis.confusion
    sizes: dict[str, int] = {}
    for (gold, predicted), count in counts.items():
        if gold != predicted:
            for label in (gold, predicted):
                sizes[label] = sizes.get(label, 0) + count
    labels = [*sorted(filter(None, sizes), key=lambda label: -sizes[label])[:_MAX_CONFUSION_LABELS], ""]
    lines = ["<th>gold ↓ predicted →</th>" + "".join(f"<th>{escape_markup(label) or 'none'}</th>" for label in labels)]
    for gold in labels:
        whole = sum(count for (one, _), count in counts.items() if one == gold)
        cells = []
        for predicted in labels:
            count = counts[gold, predicted]
            share = 100 * count / whole if whole and gold != predicted else 0
            cells.append(f'<td class="hot" style="--share:{share:.0f}%">{count or ""}</td>')
        lines.append(f"<td>{escape_markup(gold) or 'none'}</td>{''.join(cells)}")
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    explanation = "Spans with the same borders, the labels most often confused; none: no span has these borders."
    return section("Confusion of roles", explanation, f'<div class="scroll"><table>{rows}</table></div>')


def _worst(examples: Sequence[PredicateExample]) -> str:
    figures = []
    for case in worst_examples(examples, _MAX_WORST_EXAMPLES):
        index, roleset = case.gold["index"], case.gold["roleset"]
        gold, predicted = _arguments(case.gold["tags"]), _arguments(case.predicted["tags"])
        above = ArcRow(gold, index, "gold", {span: "missing" for span in gold if span not in predicted})
        below = ArcRow(predicted, index, "predicted", {span: "wrong" for span in predicted if span not in gold})
        caption = escape_markup(f"{case.words[index]} {roleset}".strip())
        drawing = render_arcs(case.words, [above], [below])
        figures.append(f'<figure><figcaption>{caption}</figcaption><div class="scroll">{drawing}</div></figure>')
    explanation = (
        "The predicates with the most faults. Gold above the words, where missed arguments have a dashed border; "
    )
    return section("Worst sentences", f"{explanation}predicted below, where wrong ones have.", *figures)


def _arguments(tags: Sequence[str]) -> list[Span]:
    return [span for span in tags_to_spans(tags) if span.label != PREDICATE_LABEL]
