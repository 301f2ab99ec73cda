"""Tables of span scores, letter for letter as the official programs print them."""

from grunlp.metrics.span_counts import Counts, Tally

_WIDE_RULE, _SHORT_RULE = "-" * 60, "-" * 10


def format_srl_eval(counts: Counts) -> str:
    """The table of srl-eval.pl (CoNLL-2005) for counts made by `count_srl`, ending in a newline."""
    lines = [
        f"Number of Sentences    :      {counts.sentences:6d}",
        f"Number of Propositions :      {counts.sequences:6d}",
        f"Percentage of perfect props : {counts.perfect_percentage:6.2f}",
        "",
        f"{'':10}    corr.  excess  missed    prec.    rec.      F1",
        _WIDE_RULE,
        _srl_eval_row("Overall", counts.overall),
        _SHORT_RULE,
        *(_srl_eval_row(label, tally) for label, tally in sorted(counts.labels.items())),
        _WIDE_RULE,
        *(_srl_eval_row(label, tally) for label, tally in sorted(counts.apart.items())),
        _WIDE_RULE,
    ]
    return "\n".join(lines) + "\n"


def format_conlleval(counts: Counts) -> str:
    """The report of conlleval for counts made by `count_conlleval`, ending in a newline."""
    overall = counts.overall
    lines = [
        f"processed {counts.tokens} tokens with {overall.corr + overall.missed} phrases; "
        f"found: {overall.corr + overall.excess} phrases; correct: {overall.corr}."
    ]
    if counts.tokens:  # conlleval leaves the line out for an empty file
        lines.append(f"accuracy: {counts.accuracy:6.2f}%; {_conlleval_scores(overall)}")
    for label, tally in sorted(counts.labels.items()):
        lines.append(f"{label:>17}: {_conlleval_scores(tally)}  {tally.corr + tally.excess}")
    return "\n".join(lines) + "\n"


def _srl_eval_row(label: str, tally: Tally) -> str:
    return (
        f"{label:>10}   {tally.corr:6d}  {tally.excess:6d}  {tally.missed:6d}"
        f"   {tally.precision:6.2f}  {tally.recall:6.2f}  {tally.f1:6.2f}"
    )


def _conlleval_scores(tally: Tally) -> str:
    return f"precision: {tally.precision:6.2f}%; recall: {tally.recall:6.2f}%; FB1: {tally.f1:6.2f}"
