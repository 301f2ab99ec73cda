"""Tags come in the order of the sentences, whatever the batches, with alternatives where they are asked for."""

import torch

from grunlp.data.examples import TaggedSentence
from grunlp.tasks.tagging.inference import evaluate_tagger, predict_tags
from tests.tasks.tagging.test_model import CORPUS, PLAIN, make


def test_order_and_budget_change_nothing() -> None:
    model, collate, _ = make()
    model.eval()
    with torch.inference_mode():
        one = list(predict_tags(model, collate, CORPUS * 5, 3, 0))
        other = list(predict_tags(model, collate, CORPUS * 5, 10_000, 3))
    assert [result.sentence for result in one] == CORPUS * 5
    assert [result.tags for result in one] == [result.tags for result in other]
    assert all(not result.nbest for result in one)
    for result in other:
        if result.tags:
            assert result.nbest[0][0] == result.tags and len(result.nbest) == 3
        else:
            assert result.nbest == []


def test_tags_that_training_never_saw_count_as_missed() -> None:
    model, collate, _ = make()
    unseen = [TaggedSentence(id="", document="", words=["Rome"], tags=["B-NEW"])]
    total = evaluate_tagger(model.eval(), collate, unseen, 100).total("conlleval")
    assert total.labels["NEW"].fn == 1
    model, collate, _ = make(PLAIN)
    assert evaluate_tagger(model.eval(), collate, PLAIN, 100).total("accuracy").tokens == 8
