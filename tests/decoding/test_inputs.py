"""Inputs of decoding: constraints of each text, none by default."""

import torch

from grunlp.decoding.constraints import LengthLimits, LexicalConstraints
from grunlp.decoding.inputs import DecodingInputs
from tests.decoding.small_model_decoding import LETTERS, WORDS

LIMITS = LengthLimits(min_length_ratio=0.5, max_length_ratio=1.0, max_length_offset=1, max_length=5)


def allowed(constraints: list[LexicalConstraints] | None, text: list[int]) -> list[set[int]]:
    """Tokens that may follow a text, for sources of 2 and 9 tokens."""
    inputs = DecodingInputs(None, None, torch.tensor([2, 9]), WORDS, LIMITS, constraints)  # type: ignore[arg-type]
    decoder = inputs.constrained_decoder(0)
    ids = torch.tensor([[[WORDS.bos_id, *text]]] * 2)
    log_probs = decoder.mask_log_probs(torch.full((2, 1, max(LETTERS) + 1), -1.0), ids, [0, 1])
    return [set((row[0] > -1e9).nonzero()[:, 0].tolist()) for row in log_probs]


def test_without_constraints_only_lengths_and_special_tokens_limit() -> None:
    assert allowed(None, []) == [{*LETTERS}, {*LETTERS}], "no text is empty: half of 2 is 1"
    assert allowed(None, [4]) == [{*LETTERS, WORDS.eos_id}, {*LETTERS}], "half of 9 is 4"
    assert allowed(None, [4, 4, 4])[0] == {WORDS.eos_id}, "3 is the longest for 2"


def test_each_text_has_constraints_of_its_own() -> None:
    constraints = [LexicalConstraints(prefix=(5,)), LexicalConstraints(forbidden=((6,),))]
    assert allowed(constraints, []) == [{5}, {*LETTERS} - {6}]
