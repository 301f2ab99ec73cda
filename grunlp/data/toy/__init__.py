"""The bundled demonstration corpus: English sentences with PropBank-style roles, made by rules when they are asked for.

`demo_examples("train")` yields about 4,000 sentences, `"dev"` and `"test"` 600 each, the same ones on every machine.
They come from a hand-written lexicon (`nouns.py`, `verbs.py`, `adjuncts.py`) and a small grammar:

    sentences.py → clauses.py → noun_phrases.py, verb_groups.py, adverbials.py → phrases.py

It is a demonstration: it lets the main job run anywhere at once and shows each kind of role. **A score on it says
nothing about real text.** To make the scores of a good model fall visibly short of perfect, dev and test use words
and phrases that training never does (see `lexicon.py`), each its own, and combine constructions that training only
has apart (`RESERVED`).
"""

from collections.abc import Iterator

from grunlp.data.examples import Example
from grunlp.data.toy.grammar.lexicon import SHARED, SPLITS, Speaker
from grunlp.data.toy.grammar.phrases import Phrase, to_example
from grunlp.data.toy.grammar.sentences import Sentences
from grunlp.utils.errors import GrunlpError, nearest

DESCRIPTION = (
    "grunlp's demonstration corpus: English sentences made by rules from a hand-written lexicon, with roles in the "
    "manner of PropBank. It shows that everything works; scores on it say nothing about real text."
)
SIZES = {"train": 4000, "dev": 600, "test": 600}
DOCUMENT_SIZE = 10  # sentences; the bootstrap draws documents

# Constructions that occur together only in this split, though every split has each of them.
RESERVED = {
    "dev": (
        frozenset({"question", "relative"}),
        frozenset({"raising", "passive"}),
        frozenset({"light-verb", "negation"}),
    ),
    "test": (
        frozenset({"question", "control"}),
        frozenset({"copula", "relative"}),
        frozenset({"quote", "passive"}),
    ),
}
RESERVED_EVERY = 5  # every fifth sentence of dev and test has a combination of its own


def demo_examples(split: str) -> Iterator[Example]:
    """The sentences of one split, always the same ones.

    Args:
        split: `train`, `dev` or `test`.

    Raises:
        GrunlpError: for any other split.
    """
    if split not in SPLITS:
        close = nearest(split, SPLITS)
        raise GrunlpError(
            f"the demonstration corpus has no split {split!r}",
            f"There are {', '.join(SPLITS)}.",
            f"Did you mean {close!r}?" if close else "",
        )
    for i, sentence in enumerate(phrases(split)):
        yield to_example(sentence, f"demo-{split}-{i + 1:04}", f"demo-{split}-{i // DOCUMENT_SIZE + 1:03}")


def phrases(split: str) -> Iterator[Phrase]:
    """The same sentences as phrases, which know what constructions they use."""
    say = Speaker(split)
    sentences = Sentences(say)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < SIZES[split]:
        say.novel = False
        sentence = sentences.make()
        text = tuple(word.text for word in sentence.words)
        if text not in seen and _belongs(sentence, split, say.novel, len(seen)):
            seen.add(text)
            yield sentence


def _belongs(sentence: Phrase, split: str, novel: bool, i: int) -> bool:
    """Whether this may be the i-th sentence: nothing reserved for another split, and out of training something new."""
    others = (combination for other, all_ in RESERVED.items() if other != split for combination in all_)
    if any(combination <= sentence.marks for combination in others):
        return False
    combined = any(combination <= sentence.marks for combination in RESERVED.get(split, ()))
    return split == SHARED or combined or (novel and i % RESERVED_EVERY != 0)
