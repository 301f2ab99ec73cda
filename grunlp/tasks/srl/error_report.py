"""HTML error report of role labelling."""

from collections.abc import Sequence

from grunlp.data.tags import PREDICATE_LABEL, Span, tags_to_spans
from grunlp.metrics.span_counts import SpanCounts
from grunlp.tasks.srl.error_analysis import ErrorAnalysis, PredicateExample, worst_examples
from grunlp.tasks.srl.metrics import SRLScores
from grunlp.visualization.arc_diagram import ArcRow, render_arcs
from grunlp.visualization.html_page import render_page, section, table
from grunlp.visualization.svg_text import escape_markup

_MAX_WORST_EXAMPLES = 30
_MAX_CONFUSION_LABELS = 14


def error_report(title: str, scores: SRLScores) -> str:
    """Render a page about the labelling of gold predicates.

    Args:
        title: title of the page.
        scores: scores of the labelling.
    """
    analysis = ErrorAnalysis()
    for example in scores.examples:
        analysis.add(example)
    parts = [
        _scores(scores),
        section(
            "Oracle transformations",
            "Each is applied with knowledge of the gold spans, after those above it (He et al. 2017, §4.1). Share: how "
            "much of the gap to 100 it closes. Here and below a continuation (C-) is a span of its own, so F1 differs "
            "slightly from srl-eval's.",
            table(
                ["transformation", "F1 after it", "share, %"],
                [("none", analysis.total.f1, 0.0), *analysis.oracle_gains()],
                bar=2,
            ),
        ),
    ]
    for grouping, groups in analysis.by_group.items():
        names = sorted(groups) if grouping == "role" else sorted(groups, key=_first_number)
        rows = [_row(name, groups[name]) for name in names]
        explanation = f"Arguments by {grouping}; a wrong span counts in the group of its predicted position."
        header = [grouping, "gold", "predicted", "precision", "recall", "F1"]
        parts.append(section(f"By {grouping}", explanation, table(header, rows, bar=5)))
    parts += [_confusion(analysis), _worst(scores.examples)]
    return render_page(title, parts)


def _scores(scores: SRLScores) -> str:
    rows = []
    for name in scores.schemes():
        (precision, recall, f1), (low, high) = scores.overall(name), scores.intervals(name).f1
        rows.append((scores.TITLES[name], precision, recall, f1, f"{low:.2f} to {high:.2f}"))
    num_documents = len(scores.by_document(scores.schemes()[0]))
    explanation = (
        f"{len(scores.documents):,} sentences; intervals by bootstrap over {num_documents:,} documents or sentences."
    )
    return section("Scores", explanation, table(["", "precision", "recall", "F1", "95 % interval"], rows, bar=3))


def _row(name: str, counts: SpanCounts) -> tuple[str, int, int, float, float, float]:
    gold, predicted = counts.tp + counts.fn, counts.tp + counts.fp
    return name, gold, predicted, counts.precision, counts.recall, counts.f1


def _first_number(group: str) -> tuple[int, int]:
    """Return the sort key of groups such as "unseen in training", "1", "2 to 10", "more than 1000"."""
    numbers = [int(word) for word in group.split() if word.isdigit()]
    return (numbers[0] if numbers else -1), int(group.startswith("more"))


def _confusion(analysis: ErrorAnalysis) -> str:
    counts = analysis.confusion
    num_confusions: dict[str, int] = {}
    for (gold, predicted), count in counts.items():
        if gold != predicted:
            for label in (gold, predicted):
                num_confusions[label] = num_confusions.get(label, 0) + count
    frequent = sorted(filter(None, num_confusions), key=lambda label: -num_confusions[label])
    labels = [*frequent[:_MAX_CONFUSION_LABELS], ""]
    header = "".join(f"<th>{escape_markup(label) or 'none'}</th>" for label in labels)
    lines = [f"<th>gold ↓ predicted →</th>{header}"]
    for gold in labels:
        total = sum(count for (label, _), count in counts.items() if label == gold)
        cells = []
        for predicted in labels:
            count = counts[gold, predicted]
            share = 100 * count / total if total and gold != predicted else 0
            cells.append(f'<td class="hot" style="--share:{share:.0f}%">{count or ""}</td>')
        lines.append(f"<td>{escape_markup(gold) or 'none'}</td>{''.join(cells)}")
    rows = "".join(f"<tr>{line}</tr>" for line in lines)
    explanation = "Spans with equal boundaries, for the labels most often confused; none: no span has these boundaries."
    return section("Confusion of roles", explanation, f'<div class="scroll"><table>{rows}</table></div>')


def _worst(examples: Sequence[PredicateExample]) -> str:
    figures = []
    for example in worst_examples(examples, _MAX_WORST_EXAMPLES):
        index, roleset = example.gold["index"], example.gold["roleset"]
        gold, predicted = _arguments(example.gold["tags"]), _arguments(example.predicted["tags"])
        above = ArcRow(gold, index, "gold", {span: "missing" for span in gold if span not in predicted})
        below = ArcRow(predicted, index, "predicted", {span: "wrong" for span in predicted if span not in gold})
        caption = escape_markup(f"{example.words[index]} {roleset}".strip())
        drawing = render_arcs(example.words, [above], [below])
        figures.append(f'<figure><figcaption>{caption}</figcaption><div class="scroll">{drawing}</div></figure>')
    explanation = (
        "The predicates with the most errors: gold above the words, predicted below them. Missed and wrong arguments "
        "have dashed borders."
    )
    return section("Worst sentences", explanation, *figures)


def _arguments(tags: Sequence[str]) -> list[Span]:
    return [span for span in tags_to_spans(tags) if span.label != PREDICATE_LABEL]
