"""Temperatures against a plain search, and what they change."""

from pathlib import Path

import pytest
import torch

from grunlp.configuration.compose import load_recipe
from grunlp.data.collate import TagCollator
from grunlp.data.datasets.corpus import Corpus
from grunlp.data.examples import TaggedSentence
from grunlp.decoding.viterbi import ids_to_tags
from grunlp.runs.layout import read_metrics
from grunlp.tasks.tagging.inference import predict_tags
from grunlp.tasks.tagging.model import Tagger
from grunlp.tasks.tagging.temperature_scaling import fit_temperature, sentence_calibration_error
from tests.tasks.tagging.test_model import CORPUS, PLAIN, make


def cost(model: Tagger, collate: TagCollator, examples: list[TaggedSentence], temperature: float) -> float:
    """Nats of the right tags, from the list of all legal sequences and their scores."""
    model.temperature.fill_(temperature)
    total = 0.0
    for one in examples:
        batch = collate([one])
        with torch.no_grad():
            sequences, shares = model.n_best(model(batch), batch.lengths, len(model.tags) ** len(one["words"]))
        right = (sequences[0] == batch.tags[0]).all(dim=1)
        total -= float(shares[0][right].log())
    return total


@pytest.mark.parametrize("decoder", ["crf", "viterbi"])
@pytest.mark.parametrize("corpus", [CORPUS, PLAIN], ids=["spans", "plain"])
@pytest.mark.parametrize("factor", [0.2, 40.0])
def test_the_temperature_makes_held_out_tags_likeliest(
    corpus: list[TaggedSentence], decoder: str, factor: float
) -> None:
    model, collate, _ = make(corpus, decoder=decoder)
    model.eval()
    model.scores.weight.data *= factor
    if decoder == "crf":
        model.crf.transitions.data.normal_()
    illegal = TaggedSentence(id="", document="", words=["a", "b"], tags=["O", "I-PER"])
    unknown = TaggedSentence(id="", document="", words=["a"], tags=["B-DOG"])
    before = [one.tags for one in predict_tags(model, collate, corpus, 100, 0)]
    found = fit_temperature(model, collate, [*corpus, illegal, unknown], 7)
    assert float(model.temperature) == pytest.approx(found)
    assert [one.tags for one in predict_tags(model, collate, corpus, 100, 0)] == before
    costs = {scale: cost(model, collate, corpus[:3], found * scale) for scale in (0.8, 0.97, 1.0, 1.03, 1.25)}
    if 0.05 < found < 20:
        assert min(costs, key=lambda scale: costs[scale]) == 1.0
    else:  # the bound that is nearer to the valley
        assert (costs[0.8] > costs[1.25]) == (found > 1)


def test_probabilities_mean_more_after_it() -> None:
    model, collate, _ = make()
    model.eval()
    model.scores.weight.data *= 100  # sure of itself, and wrong
    before = sentence_calibration_error(model, collate, CORPUS, 100)
    fit_temperature(model, collate, CORPUS, 100)
    assert before > 80 > sentence_calibration_error(model, collate, CORPUS, 100)


def test_where_all_is_right_by_far_it_stays_finite() -> None:
    model, collate, batch = make()
    model.eval()
    model.crf.transitions.data.normal_().mul_(30)
    with torch.no_grad():
        best, _ = model.decode(model(batch), batch.lengths)
    right = [
        TaggedSentence(**{**one, "tags": tags})
        for one, tags in zip(CORPUS, ids_to_tags(best, batch.lengths, model.tags), strict=True)
    ]
    assert 0.05 <= fit_temperature(model, collate, right, 100) < 1
    for found in predict_tags(model, collate, right[:3], 100, 3):
        assert 0.8 < found.nbest[0][1] <= 1


def test_nothing_to_learn_from_changes_nothing() -> None:
    model, collate, _ = make()
    assert fit_temperature(model, collate, [CORPUS[3]], 100) == 1


@pytest.mark.parametrize(("after", "kept"), [(5.0, 0.2), (50.0, 1.0)])
def test_a_temperature_that_calibrates_worse_is_not_kept(
    after: float, kept: float, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = load_recipe("tag").__globals__
    model, collate, _ = make()
    errors = iter([10.0, after])

    def fit(*arguments: object) -> float:
        model.temperature.fill_(0.2)
        return 0.2

    monkeypatch.setitem(recipe, "sentence_calibration_error", lambda *arguments: next(errors))
    monkeypatch.setitem(recipe, "fit_temperature", fit)
    corpus = Corpus("mine", CORPUS, CORPUS, None, None, 0)  # type: ignore[arg-type]
    recipe["_fit_temperature"](model, collate, corpus, 100, tmp_path)
    assert float(model.temperature) == pytest.approx(kept)
    assert read_metrics(tmp_path)["calibration"]["temperature"] == pytest.approx(kept)
