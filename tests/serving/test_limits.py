"""The limits of a server are options: typed, bounded and within their own bounds by default."""

from dataclasses import fields

import pytest

from grunlp.configuration.options import check_value, options_of, parse_options
from grunlp.serving.limits import ServerLimits
from grunlp.utils.errors import UserError


def test_every_limit_is_a_bounded_positive_number() -> None:
    options = options_of(ServerLimits)
    assert set(options) == {field.name for field in fields(ServerLimits)}
    for name, option in options.items():
        check_value(option, getattr(ServerLimits(), name))
        assert option.help and option.minimum and option.maximum, name
        for value in (0, -1, option.maximum * 2):
            with pytest.raises(UserError, match="out of bounds"):
                check_value(option, value)


def test_limits_are_typed() -> None:
    limits = parse_options(["max_texts=3", "body_timeout=2"], ServerLimits)
    assert (limits.max_texts, limits.body_timeout) == (3, 2.0) and isinstance(limits.body_timeout, float)
    with pytest.raises(UserError, match=r"max_texts=2\.5: wrong type"):
        parse_options(["max_texts=2.5"], ServerLimits)


def test_a_batch_of_one_text_of_the_largest_size_is_accepted() -> None:
    limits = ServerLimits()
    assert limits.max_tokens <= limits.max_queue and limits.max_prompt <= limits.max_characters <= limits.max_body_bytes
