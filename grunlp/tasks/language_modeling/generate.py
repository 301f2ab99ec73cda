"""Writing on from a text by a trained language model."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TextTokenizer
from grunlp.decoding.sampling import Sampling, make_generator, sample_tokens
from grunlp.tasks.language_modeling.model import LanguageModel

FORBIDDEN_IDS = [PAD_ID, UNK_ID, BOS_ID]


class GeneratedToken(NamedTuple):
    """What one token adds to the text, and the log probability that the network gave it."""

    text: str
    log_prob: float


@torch.inference_mode()
def generate(
    model: LanguageModel,
    tokenizer: TextTokenizer,
    prompt: str,
    *,
    length: int,
    stop_at_newline: bool,
    sampling: Sampling,
    sample_id: int,
) -> Iterator[GeneratedToken]:
    """Draw token after token, each given as soon as it is drawn.

    Args:
        model: in evaluation mode.
        tokenizer: of its vocabulary.
        prompt: the text so far; it may be empty, and have several lines.
        length: tokens, at most.
        stop_at_newline: stop at the end of the line, which is given as an empty piece.
        sampling: how to draw.
        sample_id: of the text, which tells its draws from those of others with the same seed.
    """
    *before, line = tokenizer.encode(prompt.split("\n"))
    read = [EOS_ID, *(id for ids in before for id in [*ids, EOS_ID]), *line]  # a text begins as if after a line
    state = model.initial_state(1)
    for token in read:
        log_probs, state = model.step(torch.tensor([token]), state)
    drawn, shown = make_generator(sampling, sample_id), tokenizer.decode(line)
    for _ in range(length):
        allowed = log_probs.clone()
        allowed[:, FORBIDDEN_IDS] = float("-inf")
        (token,) = sample_tokens(allowed, sampling, [drawn.random()])
        log_probability = float(log_probs[0, token])
        if token == EOS_ID:
            yield GeneratedToken("" if stop_at_newline else "\n", log_probability)
            if stop_at_newline:
                return
            line, shown = [], ""
        else:
            line = [*line, token]
            text = tokenizer.decode(line)
            yield GeneratedToken(text[len(shown) :], log_probability)
            shown = text
        log_probs, state = model.step(torch.tensor([token]), state)
