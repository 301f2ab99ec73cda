from grunlp.data.examples import Frame, SRLExample
from grunlp.metrics.comparison import compare_span_scores, format_comparison
from grunlp.tasks.srl.metrics import SRLScores

GOLD = ["B-ARG0", "B-V", "B-ARG1"]


def scores(*predicted: list[str], found: bool = False) -> SRLScores:
    collected = SRLScores()
    for tags in predicted:
        frame = Frame(index=1, lemma="", roleset="", tags=GOLD)
        example = SRLExample(id="", document="", words=["a", "b", "c"], pos=[], frames=[frame])
        frames = [Frame(index=1, lemma="", roleset="", tags=tags)]
        collected.add(example, None if found else frames, frames if found else None, None)
    return collected


def test_both_sides_and_their_difference() -> None:
    rows = compare_span_scores(scores(GOLD, ["O", "B-V", "O"]), scores(GOLD, GOLD))
    assert list(rows) == ["srl-eval", "conlleval", "seqeval"]
    row = rows["srl-eval"]
    assert (row["second"], row["difference"]) == (100.0, 100.0 - row["first"]) and row["first"] < 70
    heading, line, *_ = format_comparison(rows, "dev", "before", "after").splitlines()
    assert heading.split()[:3] == ["dev", "before", "after"] and len(heading) == len(line)
    assert line.split()[:4] == ["srl-eval", f"{row['first']:.2f}", "100.00", f"{row['difference']:+.2f}"]


def test_nothing_in_common() -> None:
    assert compare_span_scores(scores(GOLD), scores(GOLD, found=True)) == {}
