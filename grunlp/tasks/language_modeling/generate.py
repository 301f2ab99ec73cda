"""Writing on from a text by a trained language model."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from grunlp.data.subword_tokenizer import END, PADDING, START, UNKNOWN, TextTokenizer
from grunlp.decoding.sampling import Sampling, draw, drawer
from grunlp.tasks.language_modeling.model import LanguageModel

NEVER = [PADDING, UNKNOWN, START]


class Piece(NamedTuple):
    """What one token adds to the text, and the log probability that the network gave it."""

    text: str
    log_probability: float


@torch.inference_mode()
def write_on(
    model: LanguageModel,
    tokenizer: TextTokenizer,
    prompt: str,
    *,
    length: int,
    one_line: bool,
    sampling: Sampling,
    number: int,
) -> Iterator[Piece]:
    """Draw token after token, each given as soon as it is drawn.

    Args:
        model: in evaluation mode.
        tokenizer: of its vocabulary.
        prompt: the text so far; it may be empty, and have several lines.
        length: tokens, at most.
        one_line: stop at the end of the line, which is given as an empty piece.
        sampling: how to draw.
        number: of the text, which tells its draws from those of others with the same seed.
    """
    *before, line = tokenizer.encode(prompt.split("\n"))
    read = [END, *(id for ids in before for id in [*ids, END]), *line]  # a text begins as if after a line
    state = model.start(1)
    for token in read:
        log_probs, state = model.step(torch.tensor([token]), state)
    drawn, shown = drawer(sampling, number), tokenizer.decode(line)
    for _ in range(length):
        allowed = log_probs.clone()
        allowed[:, NEVER] = float("-inf")
        (token,) = draw(allowed, sampling, [drawn.random()])
        log_probability = float(log_probs[0, token])
        if token == END:
            yield Piece("" if one_line else "\n", log_probability)
            if one_line:
                return
            line, shown = [], ""
        else:
            line = [*line, token]
            text = tokenizer.decode(line)
            yield Piece(text[len(shown) :], log_probability)
            shown = text
        log_probs, state = model.step(torch.tensor([token]), state)
