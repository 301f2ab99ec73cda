"""Toy texts to classify as positive or negative, which depends on the main clause and on negation."""

from collections.abc import Iterator
from random import Random

from grunlp.data.examples import LabeledText

_SIZES = {"train": 3000, "dev": 250, "test": 250}
_NOUNS = ("soup", "room", "view", "music", "waiter", "bed", "breakfast", "pool", "garden", "price", "bath", "bar")
_SENTIMENT_WORDS = {
    "positive": ("good", "lovely", "clean", "fresh", "friendly", "quiet", "excellent", "fine", "cheerful", "perfect"),
    "negative": ("bad", "awful", "dirty", "stale", "rude", "noisy", "poor", "cold", "gloomy", "terrible"),
}
_DEGREES = ("", "", "very ", "rather ", "really ")
_OPPOSITE = {"positive": "negative", "negative": "positive"}


def sentiment_examples(split: str) -> Iterator[LabeledText]:
    """Yield texts of one clause or two; the clause after "but", or the one without "although", decides the class.

    Negation reverses the sentiment of a word. The texts are always the same; the training split omits those of dev and
    test.
    """
    random = Random(f"opinions {split}")
    for number in range(_SIZES[split]):
        label = random.choice(list(_OPPOSITE))
        own, other = _clause(random, label), _clause(random, _OPPOSITE[label])
        text = random.choice(
            (own, own, own, f"{other} , but {own}", f"although {other} , {own}", f"{own} , although {other}")
        )
        yield LabeledText(id=f"{split}-{number}", document="", words=f"{text} .".split(), label=label)


def _clause(random: Random, label: str) -> str:
    """Return a clause whose sentiment is `label`."""
    thing, denied = random.choice(_NOUNS), random.random() < 0.25
    word = random.choice(_SENTIMENT_WORDS[_OPPOSITE[label] if denied else label])
    if denied:
        return random.choice((f"the {thing} was not {word}", f"nobody found the {thing} {word}"))
    return f"the {thing} was {random.choice(_DEGREES)}{word}"
