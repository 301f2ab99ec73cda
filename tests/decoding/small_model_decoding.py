"""Beam search and sampling with a network so small that all of its texts can be listed."""

from typing import Any

import torch

from grunlp.data.subword_tokenizer import BOS_ID, EOS_ID, PAD_ID, UNK_ID
from grunlp.decoding.beam_search import BeamSearch, beam_search
from grunlp.decoding.constraints import DecoderTokens, LengthLimits
from grunlp.decoding.inputs import DecodingInputs, Hypothesis
from grunlp.decoding.sampling import Sampling, sample
from grunlp.tasks.seq2seq.model import Seq2Seq
from tests.tasks.seq2seq.small_seq2seq import SIZE, batch

WORDS = DecoderTokens(BOS_ID, EOS_ID, (PAD_ID, UNK_ID, BOS_ID))
SHORT = LengthLimits(min_length_ratio=0.0, max_length_ratio=0.0, max_length_offset=4, max_length=100)
LETTERS = range(EOS_ID + 1, SIZE)
SOURCES = [[4, 5, 6], [7], [8, 4, 4, 5, 6, 7], []]


def options(**changes: Any) -> BeamSearch:
    given = {
        "beam": 4,
        "nbest": 1,
        "length_penalty": 0.0,
        "normalization": "length",
        "coverage_penalty": 0.0,
        "no_repeat_ngram_size": 0,
    }
    return BeamSearch(**{**given, **changes})


def search(model: Seq2Seq, sources: list[list[int]], limits: LengthLimits, **changes: Any) -> list[list[Hypothesis]]:
    wanted = changes.pop("wanted", None)
    pairs = batch([(source, []) for source in sources])
    with torch.inference_mode():
        state = model.encode(pairs.source, pairs.source_lengths)
    inputs = DecodingInputs(model.step, state, pairs.source_lengths - 1, WORDS, limits, wanted)
    return beam_search(inputs, options(**changes))


def log_probabilities(model: Seq2Seq, source: list[int], texts: list[list[int]]) -> list[float]:
    """By teacher forcing; special words may not be written, but their share of the probability is not dealt out."""
    pairs = batch([(source, text) for text in texts])
    with torch.no_grad():
        log_probs, _ = model(pairs)
    right = log_probs.gather(1, pairs.decoder_targets[pairs.target_mask][:, None])[:, 0]
    return [float(part.sum()) for part in right.split(pairs.target_lengths.tolist())]


def draw(model: Seq2Seq, numbers: list[int], source: list[int], **changes: Any) -> list[Hypothesis]:
    given: dict[str, Any] = {"temperature": 1.0, "top_k": 0, "top_p": 1.0, "seed": 1}
    wanted = changes.pop("wanted", None)
    pairs = batch([(source, [])] * len(numbers))
    with torch.inference_mode():
        state = model.encode(pairs.source, pairs.source_lengths)
    inputs = DecodingInputs(model.step, state, pairs.source_lengths - 1, WORDS, SHORT, wanted)
    return sample(inputs, Sampling(**{**given, **changes}), numbers)
