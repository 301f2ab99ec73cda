"""Calibration of the probabilities of tag sequences by temperature scaling (Guo et al. 2017, §4.2).

The temperature does not affect which sequence is best.
"""

from collections.abc import Sequence
from math import ceil, log

import torch
from torch import Tensor

from grunlp.data.collate import TagCollator
from grunlp.data.examples import TaggedSentence
from grunlp.data.sampler import TokenBudgetSampler
from grunlp.data.tag_schemes import detect_scheme
from grunlp.data.tags import invalid_transitions
from grunlp.metrics.calibration import calibration_error
from grunlp.tasks.tagging.inference import predict_tags
from grunlp.tasks.tagging.model import Tagger

_MAX_SENTENCES = 2000  # enough to fit one number
_TEMPERATURE_BOUNDS = 0.05, 20.0  # if all sentences are correct, the likelihood has no optimum


def fit_temperature(
    model: Tagger, collate: TagCollator, examples: Sequence[TaggedSentence], batch_tokens: int
) -> float:
    """Set the temperature of a tagger to the one that maximizes the likelihood of held-out tags, and return it.

    Args:
        model: the network, in evaluation mode.
        collate: the collator with the vocabulary of the model.
        examples: held-out sentences, of which at most 2,000, evenly spaced, are read. Empty ones and those with tags
            that the model cannot output are ignored; if none remain, the temperature does not change.
        batch_tokens: largest size of a batch in tokens.
    """
    spans, known = detect_scheme([model.tags]) is not None, set(model.tags)
    usable = [
        example
        for example in (examples[i] for i in range(0, len(examples), ceil(len(examples) / _MAX_SENTENCES) or 1))
        if example["words"]
        and known.issuperset(example["tags"])
        and not (spans and invalid_transitions(example["tags"]))
    ]
    if not usable:
        return float(model.temperature)
    lengths = [len(example["words"]) for example in usable]
    sampler = TokenBudgetSampler(lengths, [1] * len(usable), batch_tokens, False, 0)
    batches = [collate([usable[i] for i in indices]) for indices in sampler]
    with torch.no_grad():
        scored = [(model(batch), batch.lengths) for batch in batches]
        gold_scores = [
            model.crf.path_score(logits, batch.tags, batch.lengths)
            for (logits, _), batch in zip(scored, batches, strict=True)
        ]
    log_temperature = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([log_temperature], max_iter=50, line_search_fn="strong_wolfe")

    def mean_nll() -> Tensor:
        optimizer.zero_grad()
        temperature = log_temperature.clamp(*map(log, _TEMPERATURE_BOUNDS)).exp()
        log_partitions = torch.cat([model.crf.log_partition(*batch, temperature) for batch in scored])
        loss = (log_partitions - torch.cat(gold_scores) / temperature).mean()
        loss.backward(inputs=[log_temperature])
        return loss

    optimizer.step(mean_nll)
    model.temperature.copy_(log_temperature.detach().exp().clamp(*_TEMPERATURE_BOUNDS))
    return float(model.temperature)


@torch.inference_mode()
def sentence_calibration_error(
    model: Tagger, collate: TagCollator, examples: Sequence[TaggedSentence], batch_tokens: int
) -> float:
    """Return the calibration error, in percent, of the probability that all tags of a sentence are correct.

    Arguments as for `fit_temperature`; empty sentences are ignored, and at least one other is needed. See
    `calibration_error`.
    """
    nonempty = [example for example in examples if example["words"]]
    best = [prediction.nbest[0] for prediction in predict_tags(model, collate, nonempty, batch_tokens, 1)]
    is_correct = [tags == example["tags"] for (tags, _), example in zip(best, nonempty, strict=True)]
    return calibration_error([probability for _, probability in best], is_correct)
