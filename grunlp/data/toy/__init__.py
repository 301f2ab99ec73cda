"""The bundled demonstration corpus: English sentences with PropBank-style roles, made by rules when they are asked for.

`toy_srl_examples("train")` yields about 4,000 sentences, `"dev"` and `"test"` 600 each, the same ones on every machine.
They come from a hand-written lexicon (`nouns.py`, `verbs.py`, `adjuncts.py`) and a small grammar:

    sentences.py → clauses.py → noun_phrases.py, verb_groups.py, adverbials.py → phrases.py

It is a demonstration: it lets the main job run anywhere at once and shows each kind of role. **A score on it says
nothing about real text.** To make the scores of a good model fall visibly short of perfect, dev and test use words
and phrases that training never does (see `lexicon.py`), each its own, and combine constructions that training only
has apart (`HELD_OUT`).
"""

from collections.abc import Iterator

from grunlp.data.examples import SRLExample
from grunlp.data.toy.grammar.lexicon import SHARED, SPLITS, SplitRandom
from grunlp.data.toy.grammar.phrases import Phrase, to_example
from grunlp.data.toy.grammar.sentences import SentenceGenerator
from grunlp.utils.errors import UserError, closest_match

DESCRIPTION = (
    "grunlp's demonstration corpus: English sentences made by rules from a hand-written lexicon, with roles in the "
    "manner of PropBank. It shows that everything works; scores on it say nothing about real text."
)
SPLIT_SIZES = {"train": 4000, "dev": 600, "test": 600}
DOCUMENT_SIZE = 10  # sentences; the bootstrap draws documents

# Constructions that occur together only in this split, though every split has each of them.
HELD_OUT = {
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
HELD_OUT_EVERY = 5  # every fifth sentence of dev and test has a combination of its own


def toy_srl_examples(split: str) -> Iterator[SRLExample]:
    """The sentences of one split, always the same ones.

    Args:
        split: `train`, `dev` or `test`.

    Raises:
        UserError: for any other split.
    """
    if split not in SPLITS:
        close = closest_match(split, SPLITS)
        raise UserError(
            f"the demonstration corpus has no split {split!r}",
            f"There are {', '.join(SPLITS)}.",
            f"Did you mean {close!r}?" if close else "",
        )
    for i, sentence in enumerate(toy_phrases(split)):
        yield to_example(sentence, f"demo-{split}-{i + 1:04}", f"demo-{split}-{i // DOCUMENT_SIZE + 1:03}")


def toy_phrases(split: str) -> Iterator[Phrase]:
    """The same sentences as phrases, which know what constructions they use."""
    say = SplitRandom(split)
    sentences = SentenceGenerator(say)
    seen: set[tuple[str, ...]] = set()
    while len(seen) < SPLIT_SIZES[split]:
        say.has_heldout_word = False
        sentence = sentences.make()
        text = tuple(word.text for word in sentence.words)
        if text not in seen and _belongs_to_split(sentence, split, say.has_heldout_word, len(seen)):
            seen.add(text)
            yield sentence


def _belongs_to_split(sentence: Phrase, split: str, has_heldout_word: bool, i: int) -> bool:
    """Whether this may be the i-th sentence: nothing reserved for another split, and out of training something new."""
    others = (combination for other, all_ in HELD_OUT.items() if other != split for combination in all_)
    if any(combination <= sentence.constructions for combination in others):
        return False
    combined = any(combination <= sentence.constructions for combination in HELD_OUT.get(split, ()))
    return split == SHARED or combined or (has_heldout_word and i % HELD_OUT_EVERY != 0)
