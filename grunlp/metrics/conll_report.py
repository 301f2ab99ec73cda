"""Reports of span scores, identical to those of the official programs."""

from grunlp.metrics.span_counts import EvalCounts, SpanCounts

_WIDE_RULE, _SHORT_RULE = "-" * 60, "-" * 10


def format_srl_eval(counts: EvalCounts) -> str:
    """Format counts of `srl_eval_counts` as the table of srl-eval.pl (CoNLL-2005), ending in a newline."""
    lines = [
        f"Number of Sentences    :      {counts.sentences:6d}",
        f"Number of Propositions :      {counts.sequences:6d}",
        f"Percentage of perfect props : {counts.perfect_percentage:6.2f}",
        "",
        f"{'':10}    corr.  excess  missed    prec.    rec.      F1",
        _WIDE_RULE,
        _srl_eval_row("Overall", counts.overall),
        _SHORT_RULE,
        *(_srl_eval_row(label, label_counts) for label, label_counts in sorted(counts.labels.items())),
        _WIDE_RULE,
        *(_srl_eval_row(label, label_counts) for label, label_counts in sorted(counts.excluded_labels.items())),
        _WIDE_RULE,
    ]
    return "\n".join(lines) + "\n"


def format_conlleval(counts: EvalCounts) -> str:
    """Format counts of `conlleval_counts` as the report of conlleval, ending in a newline."""
    overall = counts.overall
    lines = [
        f"processed {counts.tokens} tokens with {overall.tp + overall.fn} phrases; "
        f"found: {overall.tp + overall.fp} phrases; correct: {overall.tp}."
    ]
    if counts.tokens:  # conlleval omits the line for an empty file
        lines.append(f"accuracy: {counts.accuracy:6.2f}%; {_conlleval_scores(overall)}")
    for label, label_counts in sorted(counts.labels.items()):
        lines.append(f"{label:>17}: {_conlleval_scores(label_counts)}  {label_counts.tp + label_counts.fp}")
    return "\n".join(lines) + "\n"


def _srl_eval_row(label: str, counts: SpanCounts) -> str:
    return (
        f"{label:>10}   {counts.tp:6d}  {counts.fp:6d}  {counts.fn:6d}"
        f"   {counts.precision:6.2f}  {counts.recall:6.2f}  {counts.f1:6.2f}"
    )


def _conlleval_scores(counts: SpanCounts) -> str:
    return f"precision: {counts.precision:6.2f}%; recall: {counts.recall:6.2f}%; FB1: {counts.f1:6.2f}"
