import pytest

from grunlp.data.toy import toy_srl_examples
from grunlp.data.toy.summarization import summarization_pairs


def is_subsequence(words: list[str], text: list[str]) -> bool:
    rest = iter(text)
    return all(word in rest for word in words)


@pytest.mark.slow
def test_headlines_are_words_of_the_first_sentence_in_their_order() -> None:
    for split, least in (("train", 1800), ("dev", 250), ("test", 250)):
        examples = {example["id"]: example for example in toy_srl_examples(split)}
        pairs = list(summarization_pairs(split))
        assert len(pairs) >= least
        for pair in pairs:
            first = examples[pair["id"]]["words"]
            assert pair["source"].split()[: len(first)] == first
            assert is_subsequence(pair["target"].split(), first)
            assert len(pair["source"].split()) > len(first) > len(pair["target"].split()) >= 3


def test_one_by_hand() -> None:
    headlines = {pair["target"] for pair in summarization_pairs("train")}
    assert "The tall manager inspected the bakery" in headlines
