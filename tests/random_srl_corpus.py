"""A random SRL corpus whose roles follow from the words.

ARG1 is the two words after the verb, ARG0 the word before it. A verb before an animal, a tree or Anna has its second
sense.
"""

import random
from collections.abc import Iterable

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.vocabulary import Vocabulary

VERBS = ["sees", "takes", "likes"]
NOUNS = ["cat", "dog", "tree", "Anna", "bread", "house", "river", "stone"]


def toy_example(number: int, rng: random.Random) -> SRLExample:
    words, pos, frames = [], [], []
    for _ in range(rng.randint(0, 3)):
        start = len(words)
        words += [rng.choice(NOUNS), rng.choice(VERBS), rng.choice(NOUNS), rng.choice(NOUNS)]
        pos += ["NN", "VB", "NN", "NN"]
        frames.append(start + 1)
    words.append(".")
    pos.append(".")
    return SRLExample(
        id=f"toy-{number}",
        document=f"doc-{number // 5}",
        words=words,
        pos=pos,
        frames=[_frame(words, i) for i in frames],
    )


def _frame(words: list[str], verb: int) -> Frame:
    lemma = words[verb].removesuffix("s")
    sense = 2 if words[verb + 1] in NOUNS[:4] else 1
    return Frame(index=verb, lemma=lemma, roleset=f"{lemma}.0{sense}", tags=_tags(verb, len(words)))


def _tags(verb: int, length: int) -> list[str]:
    tags = ["O"] * length
    tags[verb - 1 : verb + 3] = ["B-ARG0", "B-V", "B-ARG1", "I-ARG1"]
    return tags


def toy_corpus(count: int, seed: int = 0) -> list[SRLExample]:
    """`count` sentences of 0 to 3 frames."""
    rng = random.Random(seed)
    return [toy_example(i, rng) for i in range(count)]


def vocabulary_of(examples: Iterable[SRLExample], min_count: int = 1) -> Vocabulary:
    """What a training on the examples would know."""
    return Vocabulary.build(examples, min_count, extra_words=[], frame_files={})
