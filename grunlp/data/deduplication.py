"""The criterion for duplicate sentences, used to remove sentences of dev and test from the training data.

Two sentences are duplicates if their letters and digits are equal, ignoring case. This is the safer choice: corpora
that quote one another differ in tokens ("re-homing", "re - homing") and punctuation, and a model with a lower-cased
vocabulary cannot distinguish "Thank you ." from "THANK YOU !". In return, training loses only a few greetings.
"""

import re
from collections.abc import Sequence


def normalized_text(words: Sequence[str]) -> str:
    """Return the key that duplicates of a sentence share: its letters and digits, or its punctuation if it has none."""
    text = "".join(words)
    return re.sub(r"[\W_]", "", text).casefold() or text
