"""Checks of the frames of phrases that the grammar makes."""

from collections import Counter

from grunlp.data.examples import SRLExample
from grunlp.data.tags import tags_to_spans
from grunlp.data.toy.grammar import lexicon
from grunlp.data.toy.grammar.phrases import Phrase, to_example

_ENTRIES = (lexicon.VERBS, lexicon.NOUN_PREDICATES, lexicon.LIGHT_VERBS, lexicon.ADJECTIVES, lexicon.RAISING)
ROLES: dict[str, set[str]] = {}
for _pool in _ENTRIES:
    for _entry in _pool.items:
        ROLES.setdefault(_entry.roleset, set()).update(slot.role for slot in (_entry.subject, *_entry.slots))
for _roleset, _roles in {"be.01": {"ARG1", "ARG2"}, "be.02": {"ARG1"}, "let.01": {"ARG1"}}.items():
    ROLES.setdefault(_roleset, set()).update(_roles)


def check_frames(phrase: Phrase) -> SRLExample:
    """Check that each frame has one V and only roles of its roleset, and return the phrase as an example."""
    example = to_example(phrase, "x", "d")  # raises ValueError for spans that overlap or are torn apart
    for frame in example["frames"]:
        assert len(frame["tags"]) == len(example["words"])
        labels = Counter(span.label for span in tags_to_spans(frame["tags"]))
        assert labels.pop("V") == 1 and frame["tags"][frame["index"]] == "B-V"
        for label, count in labels.items():
            base = label.removeprefix("R-").removeprefix("C-")
            if base == "V" or base.startswith("ARGM"):
                continue
            assert base in ROLES.get(frame["roleset"], set()), (" ".join(example["words"]), frame["roleset"], label)
            assert count == 1, (" ".join(example["words"]), label)
    return example


def frame_of(example: SRLExample, roleset: str) -> dict[str, str]:
    """Return the words of each role of the first frame of a roleset."""
    frame = next(frame for frame in example["frames"] if frame["roleset"] == roleset)
    return {span.label: " ".join(example["words"][span.start : span.end]) for span in tags_to_spans(frame["tags"])}
