"""Inputs of exported graphs made of words."""

import pytest

from grunlp.exporting.word_inputs import reject_pretrained_encoder
from grunlp.utils.errors import UserError


def test_a_pretrained_encoder_is_refused() -> None:
    with pytest.raises(UserError, match=r"model\.encoder= cannot be exported"):
        reject_pretrained_encoder(type("Encoder", (), {"pretrained": object()})())  # type: ignore[arg-type]
