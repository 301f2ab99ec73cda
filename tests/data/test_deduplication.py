import pytest

from grunlp.data.deduplication import normalized_text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Thank you .", "THANK YOU !", True),
        ("re - homing", "re-homing", True),
        ("Thank you .", "Thank you all .", False),
        (": )", "* * *", False),
        ("***", "* * *", True),
        ("Straße", "STRASSE", True),
    ],
)
def test_letters_and_digits_decide(one: str, other: str, same: bool) -> None:
    assert (normalized_text(one.split()) == normalized_text(other.split())) is same
