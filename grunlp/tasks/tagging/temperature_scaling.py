"""Making the probabilities of a tagger mean what they say: temperature scaling (Guo et al. 2017, §4.2) of sequences.

The best sequence stays the best, whatever the temperature.
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

_MAX_SENTENCES = 2000  # sentences are enough for one number
_TEMPERATURE_BOUNDS = 0.05, 20.0  # where all sentences are right, no temperature would be low enough


def fit_temperature(
    model: Tagger, collate: TagCollator, examples: Sequence[TaggedSentence], batch_tokens: int
) -> float:
    """Set the temperature under which held-out tags are likeliest, and return it.

    Args:
        model: in evaluation mode.
        collate: with its vocabulary.
        examples: that it was not trained on; at most 2,000 of them, evenly spread, are read. Those that are empty or
            hold tags that no output can have count for nothing; without any other the temperature stays as it is.
        batch_tokens: most tokens a batch.
    """
    spans, known = detect_scheme([model.tags]) is not None, set(model.tags)
    some = [
        one
        for one in (examples[i] for i in range(0, len(examples), ceil(len(examples) / _MAX_SENTENCES) or 1))
        if one["words"] and known.issuperset(one["tags"]) and not (spans and invalid_transitions(one["tags"]))
    ]
    if not some:
        return float(model.temperature)
    sampler = TokenBudgetSampler([len(one["words"]) for one in some], [1] * len(some), batch_tokens, False, 0)
    batches = [collate([some[i] for i in indices]) for indices in sampler]
    with torch.no_grad():
        scored = [(model(batch), batch.lengths) for batch in batches]
        right = [
            model.crf.path_score(scores, batch.tags, batch.lengths)
            for (scores, _), batch in zip(scored, batches, strict=True)
        ]
    logarithm = torch.zeros((), requires_grad=True)
    optimizer = torch.optim.LBFGS([logarithm], max_iter=50, line_search_fn="strong_wolfe")

    def nats() -> Tensor:
        """What the right tags cost a sentence."""
        optimizer.zero_grad()
        temperature = logarithm.clamp(*map(log, _TEMPERATURE_BOUNDS)).exp()
        wholes = torch.cat([model.crf.log_partition(*one, temperature) for one in scored])
        loss = (wholes - torch.cat(right) / temperature).mean()
        loss.backward(inputs=[logarithm])
        return loss

    optimizer.step(nats)
    model.temperature.copy_(logarithm.detach().exp().clamp(*_TEMPERATURE_BOUNDS))
    return float(model.temperature)


@torch.inference_mode()
def sentence_calibration_error(
    model: Tagger, collate: TagCollator, examples: Sequence[TaggedSentence], batch_tokens: int
) -> float:
    """How far the probabilities of the best sequences are from how often all of their tags are right, in percent: see
    `calibration_error`. Arguments as for `calibrate`; empty sentences are left out, one at least is needed."""
    some = [one for one in examples if one["words"]]
    best = [found.nbest[0] for found in predict_tags(model, collate, some, batch_tokens, 1)]
    right = [tags == one["tags"] for (tags, _), one in zip(best, some, strict=True)]
    return calibration_error([share for _, share in best], right)
