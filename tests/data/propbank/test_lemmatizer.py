import itertools

import pytest

from grunlp.data.propbank.lemmatizer import lemma_candidates, spelling_corrections


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
    assert lemma_candidates(word)[0] == base


def test_british_spellings_lead_to_american_lemmas() -> None:
    assert "organize" in lemma_candidates("organised") and "realization" in lemma_candidates("realisation")


@pytest.mark.parametrize("word", ["sing", "red", "bus", "s", "", "日本", "less", "nothing"[:4]])
def test_short_and_uninflected_words_have_no_base_of_one_letter(word: str) -> None:
    assert word not in lemma_candidates(word) and all(len(base) > 1 for base in lemma_candidates(word))


@pytest.mark.parametrize(
    ("word", "others"),
    [
        ("influnced", ["influenced"]), ("lenght", ["length"]), ("commment", ["comment"]), ("valley", []),
        ("comments", ["comment"]), ("ommment", []), ("lengtht", ["length"]), ("lengt", []), ("", []), ("e" * 41, []),
        ("日本日本日本", []),
    ],
)  # fmt: skip
def test_slips_of_the_pen(word: str, others: list[str]) -> None:
    known = {"influenced", "length", "volley", "comment", "e" * 40}
    assert spelling_corrections(word, known) == others


def test_slips_by_brute_force() -> None:
    known = {"".join(word) for n in range(5, 9) for word in itertools.product("ab", repeat=n)}
    for word in sorted(known):
        if len(word) >= 6:
            apart = {other for other in known if other[0] == word[0] and _one_slip(word, other)}
            assert set(spelling_corrections(word, known)) - {word} == apart


def _one_slip(word: str, other: str) -> bool:
    """Whether one has a letter more, or two neighbours changed places."""
    if len(word) == len(other):
        unlike = [i for i in range(len(word)) if word[i] != other[i]]
        swapped = len(unlike) == 2 and unlike[1] == unlike[0] + 1 and word[unlike[0]] == other[unlike[1]]
        return swapped and word[unlike[1]] == other[unlike[0]]
    longer, shorter = sorted((word, other), key=len, reverse=True)
    return any(longer[:i] + longer[i + 1 :] == shorter for i in range(len(longer)))
