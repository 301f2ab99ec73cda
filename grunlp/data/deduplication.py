"""When two sentences count as the same, so that those of dev and test stay out of training.

Their letters and digits are the same, case apart. That is the safer choice: corpora that quote one another differ in
tokens ("re-homing", "re - homing") and signs, and a model with a lower-cased vocabulary cannot tell "Thank you ." from
"THANK YOU !". Training loses only a handful of greetings by it.
"""

import re
from collections.abc import Sequence


def normalized_text(words: Sequence[str]) -> str:
    """What two sentences must have in common to count as the same; of one without letters and digits, its signs."""
    text = "".join(words)
    return re.sub(r"[\W_]", "", text).casefold() or text
