"""The page of examples: what is chosen, and every text escaped."""

from xml.etree import ElementTree

from grunlp.tasks.seq2seq.attention_report import AttentionExample, select_examples, text_report
from grunlp.tasks.seq2seq.metrics import TextScores


def test_the_worst_and_some_of_all_are_chosen() -> None:
    scores = [float((7 * i) % 100) for i in range(100)]
    chosen = select_examples(scores)
    assert len(chosen) == len(set(chosen)) < 40
    found = sorted(scores[i] for i in chosen)
    assert found[:10] == [float(i) for i in range(10)] and found[-1] == 99
    assert select_examples([3.0]) == [0]


def test_every_text_is_escaped() -> None:
    odd = '<b>&"'
    shown = AttentionExample(odd, odd, [odd], 12.5, [odd, "</s>"], [odd, "</s>"], [[0.9, 0.01], [0.25, 0.75]])
    page = text_report("a < b", TextScores("bleu", [odd], [[odd]]), [shown])
    root = ElementTree.fromstring(page[page.index("<body>") : page.index("</body>") + 7])
    (figure,) = root.iter("figure")
    assert [text.partition(": ")[2] for text in figure[0].itertext()][1:] == [odd] * 3
    cells = [cell.get("fill-opacity") for cell in figure.iter("{http://www.w3.org/2000/svg}rect")]
    assert cells == ["0.90", None, "0.25", "0.75"]
