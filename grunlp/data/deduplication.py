"""When two sentences count as duplicates, so that those of dev and test can be removed from training.

They do if their letters and digits are equal, ignoring case. This is the safer choice: corpora that quote one another
differ in tokens ("re-homing", "re - homing") and punctuation, and a model with a lower-cased vocabulary cannot
distinguish "Thank you ." from "THANK YOU !". Training loses only a handful of greetings by it.
"""

import re
from collections.abc import Sequence


def normalized_text(words: Sequence[str]) -> str:
    """Return what the duplicates of a sentence have in common: its letters and digits, else its punctuation."""
    text = "".join(words)
    return re.sub(r"[\W_]", "", text).casefold() or text
