import pytest

from grunlp.data.lemmas import bases


@pytest.mark.parametrize(
    ("word", "base"),
    [
        ("stopped", "stop"), ("carries", "carry"), ("walked", "walk"), ("loving", "love"), ("raced", "race"),
        ("creates", "create"), ("realizing", "realize"), ("handled", "handle"), ("forced", "force"), ("wiped", "wipe"),
        ("watches", "watch"), ("goes", "go"), ("dogs", "dog"), ("happier", "happy"), ("fought", "fight"),
        ("gave", "give"), ("argued", "argue"), ("emerged", "emerge"), ("mimicking", "mimic"), ("panicked", "panic"),
    ],
)  # fmt: skip
def test_the_likeliest_base_comes_first(word: str, base: str) -> None:
    assert bases(word)[0] == base


def test_british_spellings_lead_to_american_lemmas() -> None:
    assert "organize" in bases("organised") and "realization" in bases("realisation")


@pytest.mark.parametrize("word", ["sing", "red", "bus", "s", "", "日本", "less", "nothing"[:4]])
def test_short_and_uninflected_words_have_no_base_of_one_letter(word: str) -> None:
    assert word not in bases(word) and all(len(base) > 1 for base in bases(word))
