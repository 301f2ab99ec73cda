"""Generation of text from a prompt with a language model."""

from collections.abc import Iterator
from typing import NamedTuple

import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID, TextTokenizer
from grunlp.decoding.sampling import Sampling, make_generator, sample_tokens
from grunlp.tasks.language_modeling.model import LanguageModel

FORBIDDEN_IDS = [PAD_ID, UNK_ID, BOS_ID]


class GeneratedToken(NamedTuple):
    """The text that one token adds, and its log probability."""

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
    """Sample tokens one by one, and yield each immediately.

    Args:
        model: the network, in evaluation mode.
        tokenizer: the tokenizer of the model.
        prompt: the text to continue; it may be empty or have several lines.
        length: largest number of tokens.
        stop_at_newline: stop at the end of the line, which is yielded as an empty text.
        sampling: temperature, top-k, top-p and seed.
        sample_id: number of the text; texts with different numbers differ for the same seed.
    """
    *previous_lines, line = tokenizer.encode(prompt.split("\n"))
    read = [EOS_ID, *(id for ids in previous_lines for id in [*ids, EOS_ID]), *line]  # a text starts after a line end
    state = model.initial_state(1)
    for token in read:
        log_probs, state = model.step(torch.tensor([token]), state)
    random, shown = make_generator(sampling, sample_id), tokenizer.decode(line)
    for _ in range(length):
        allowed = log_probs.clone()
        allowed[:, FORBIDDEN_IDS] = float("-inf")
        (token,) = sample_tokens(allowed, sampling, [random.random()])
        log_prob = float(log_probs[0, token])
        if token == EOS_ID:
            yield GeneratedToken("" if stop_at_newline else "\n", log_prob)
            if stop_at_newline:
                return
            line, shown = [], ""
        else:
            line = [*line, token]
            text = tokenizer.decode(line)
            yield GeneratedToken(text[len(shown) :], log_prob)
            shown = text
        log_probs, state = model.step(torch.tensor([token]), state)
