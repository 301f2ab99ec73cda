"""Keep sentences of dev and test out of training.

Two sentences are the same when their letters and digits are, case apart. That is the safer choice: corpora that quote
one another differ in tokens ("re-homing", "re - homing") and signs, and a model with a lower-cased vocabulary cannot
tell "Thank you ." from "THANK YOU !". Training loses only a handful of greetings by it.
"""

import re
from collections.abc import Container, Iterable, Iterator, Sequence

from grunlp.data.example import Example


def text_key(words: Sequence[str]) -> str:
    """What two sentences must have in common to count as the same; of one without letters and digits, its signs."""
    text = "".join(words)
    return re.sub(r"[\W_]", "", text).casefold() or text


def held_out_texts(examples: Iterable[Example]) -> set[str]:
    """The keys of all sentences of dev and test: `held_out_texts(chain(dev, test))`."""
    return {text_key(example["words"]) for example in examples}


class LeaveOutShared:
    """The training examples whose words are not among the held-out texts, one in memory at a time.

        training = LeaveOutShared(read("train.conll"), held_out_texts(read("dev.conll")))
        for example in training: ...
        print(training.left_out)

    Args:
        training: examples; iterated anew by each iteration.
        held_out: keys from `held_out_texts`.

    Attributes:
        left_out: how many sentences the last iteration has left out so far.
    """

    def __init__(self, training: Iterable[Example], held_out: Container[str]) -> None:
        self.training, self.held_out, self.left_out = training, held_out, 0

    def __iter__(self) -> Iterator[Example]:
        self.left_out = 0
        for example in self.training:
            if text_key(example["words"]) in self.held_out:
                self.left_out += 1
            else:
                yield example
