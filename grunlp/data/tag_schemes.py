"""Schemes that write spans as one tag for each token, and conversions between them. Inside grunlp all tags are IOB2.

| scheme | a span begins with | continues with | note |
|---|---|---|---|
| iob2 | B-X | I-X | also called BIO (Tjong Kim Sang and Veenstra 1999, §2.1) |
| iob1 | I-X; B-X directly after a span of the same label | I-X | CoNLL-2003 as it was published |
| bioes | B-X, a span of one token with S-X | I-X, and ends with E-X | also IOBES; see below |

BILOU has L for E and U for S; BMES has M for I, and BMEWO also W for S. Files write tags in several ways, which
`detect_spelling` finds: `B-PER`, `PER-B`, `B_PER`, `B:PER`, `B/PER`, `B.PER`, `B(PER)`, `b-per`, `Begin-PER`, `BPER`,
`B` without a label, and `0` or `OTHER` for `O`.

Invalid sequences are read as conlleval does: a tag that does not continue a span begins one.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from grunlp.data.tags import OUTSIDE, Span, spans_to_tags, tags_to_spans
from grunlp.utils.errors import UserError

SCHEMES = ("iob2", "iob1", "bioes")
_PREFIX_TO_IOB2 = {"B": "B", "I": "I", "M": "I", "E": "I", "L": "I", "S": "B", "U": "B", "W": "B"}
_LETTER = r"(?P<prefix>[BIMELSUWbimelsuw])"
_NAME = r"(?P<prefix>(?i:begin|beginning|inside|middle|intermediate|end|last|single|singleton|unit|whole))"
_STANDARD_SPELLING, _GLUED_SPELLING, _UNLABELED_SPELLING = "B-PER", "BPER", "B"
_SPELLINGS = {  # by the example that names them; the parts are the prefix, whose first letter counts, and the label
    _STANDARD_SPELLING: re.compile(r"(?P<prefix>[BIMELSUW])-(?P<label>.+)"),
    "b-per": re.compile(rf"{_LETTER}-(?P<label>.+)"),
    "B_PER": re.compile(rf"{_LETTER}_(?P<label>.+)"),
    "B:PER": re.compile(rf"{_LETTER}:(?P<label>.+)"),
    "PER-B": re.compile(rf"(?P<label>.+)-{_LETTER}"),
    "PER_B": re.compile(rf"(?P<label>.+)_{_LETTER}"),
    "PER:B": re.compile(rf"(?P<label>.+):{_LETTER}"),
    "B/PER": re.compile(rf"{_LETTER}/(?P<label>.+)"),
    "B.PER": re.compile(rf"{_LETTER}\.(?P<label>.+)"),
    "PER/B": re.compile(rf"(?P<label>.+)/{_LETTER}"),
    "PER.B": re.compile(rf"(?P<label>.+)\.{_LETTER}"),
    "B(PER)": re.compile(rf"{_LETTER}\((?P<label>.+)\)"),
    "Begin-PER": re.compile(rf"{_NAME}[-_:/.](?P<label>.+)"),
    _UNLABELED_SPELLING: re.compile(rf"{_LETTER}(?P<label>)"),
    _GLUED_SPELLING: re.compile(r"(?P<prefix>[BIMELSUW])(?P<label>.{2,})"),
}
SPELLINGS = tuple(_SPELLINGS)
LABEL_OF_UNLABELED = "SPAN"
"""The label of spans whose tags are `B` and `I` without a label."""
_OUTSIDE_SPELLINGS = (OUTSIDE, "o", "0")
_OUTSIDE_NAMES = ("OTHER", "Other", "other", "OUTSIDE", "Outside", "outside", "NONE", "None", "none", "-", "_")


def detect_scheme(sentences: Iterable[Sequence[str]]) -> str | None:
    """Return the scheme of tag sequences; None if they are plain tags, such as parts of speech.

    Tags that are valid in several schemes are taken for iob2. Tags that are all `O` have no scheme.
    """
    prefixes: set[str] = set()
    only_behind, opened = True, False  # iob1: B-X only after its own label; I-X opens spans
    for tags in sentences:
        before = ""
        for tag in tags:
            if tag == OUTSIDE:
                before = ""
                continue
            prefix, dash, label = tag.partition("-")
            if not dash or not label or prefix not in _PREFIX_TO_IOB2:
                return None
            prefixes.add(prefix)
            if prefix == "B" and before != label:
                only_behind = False
            if prefix == "I" and before != label:
                opened = True
            before = label
    if not prefixes:
        return None
    if prefixes - {"B", "I"}:
        return "bioes"
    return "iob1" if opened and only_behind else "iob2"


def detect_spelling(tags: Collection[str]) -> str | None:
    """Return how span tags are written, one of SPELLINGS; None if they are plain tags, or not written in one way.

    Other spellings than that of IOB2 are recognized only where some words are outside of spans, because plain tags such
    as `B_X` may look like them.

    Args:
        tags: the different tags of a file.
    """
    outside = find_outside_tags(tags)
    labels = [tag for tag in tags if tag not in outside]
    if not labels:
        return None
    for name, pattern in _SPELLINGS.items():
        if name != _STANDARD_SPELLING and not outside:
            return None
        matches = [pattern.fullmatch(tag) for tag in labels]
        if all(matches) and (
            name not in (_UNLABELED_SPELLING, _GLUED_SPELLING) or _have_common_labels(filter(None, matches))
        ):
            return name
    return None


def _have_common_labels(tags: Iterable[re.Match[str]]) -> bool:
    """Return whether spans begin, and each label of a tag that continues a span is one that spans begin with."""
    labels: dict[bool, set[str]] = {True: set(), False: set()}
    for tag in tags:
        labels[tag["prefix"] in "Bb"].add(tag["label"])
    return "" in labels[True] or (bool(labels[False]) and labels[False] <= labels[True])


def find_outside_tags(tags: Collection[str]) -> list[str]:
    """Return the tags of words outside of spans: `O`, `o` and `0`, or, in a file without them, one such as `OTHER`."""
    outside = [tag for tag in tags if tag in _OUTSIDE_SPELLINGS]
    names = [tag for tag in tags if tag in _OUTSIDE_NAMES]
    return outside if outside or len(names) > 1 else names


def to_standard_spelling(tag: str, spelling: str) -> str:
    """Write a span tag as `B-PER`; a tag that is not written in the spelling stays."""
    if tag in _OUTSIDE_SPELLINGS or tag in _OUTSIDE_NAMES:
        return OUTSIDE
    match = _SPELLINGS[spelling].fullmatch(tag)
    return f"{match['prefix'][0].upper()}-{match['label'] or LABEL_OF_UNLABELED}" if match else tag


def find_label(tag: str) -> str:
    """Return the label of a span tag in any spelling; another tag is its own label."""
    matches = (pattern.fullmatch(tag) for name, pattern in _SPELLINGS.items() if name != _GLUED_SPELLING)
    return next((match["label"] or LABEL_OF_UNLABELED for match in matches if match), tag)


def spans_of_bare_tags(tags: Sequence[str]) -> list[str]:
    """Convert bare tags, such as `PER PER O`, to IOB2: neighbours with the same tag are one span."""
    pairs = zip(["", *tags], tags, strict=False)
    return [tag if tag == OUTSIDE else f"{'I' if tag == before else 'B'}-{tag}" for before, tag in pairs]


def find_untagged_scheme_tag(sentences: Iterable[Sequence[str]]) -> str | None:
    """Return the first tag that fits no scheme among tags that otherwise have one; None if all tags are of one type."""
    tags = list(dict.fromkeys(tag for sentence in sentences for tag in sentence))
    odd = [tag for tag in tags if tag != OUTSIDE and detect_scheme([[tag]]) is None]
    return odd[0] if OUTSIDE in tags and 0 < len(odd) < len(tags) - 1 else None


def require_same_tag_type(
    name: str, tags: Iterable[Sequence[str]], other_name: str, other_tags: Iterable[Sequence[str]]
) -> None:
    """Raise UserError unless both are span tags or both are plain tags; tags that are all `O` fit either."""
    kinds = []
    for sentences in (tags, other_tags):
        known = sorted({tag for sentence in sentences for tag in sentence} - {"O"})
        kinds.append((detect_scheme([known]) is not None, known))
    (spans, example), (other_spans, other_example) = kinds
    if example and other_example and spans != other_spans:
        details = f"those of {other_name} are like {', '.join(other_example[:3])}"
        raise UserError(f"{name} has tags like {', '.join(example[:3])}", details, "Tags must be of one kind.")


def to_iob2(tags: Sequence[str]) -> list[str]:
    """Convert tags of any scheme to IOB2. Raises ValueError for a tag without a scheme."""
    spans: list[Span] = []
    pieces: list[str] = []  # tags with the prefixes B- and I- only
    start = 0

    def cut(end: int) -> None:
        nonlocal start
        spans.extend(Span(label, start + first, start + last) for label, first, last in tags_to_spans(pieces))
        pieces.clear()
        start = end

    for i, tag in enumerate(tags):
        prefix, _, label = tag.partition("-")
        if tag != OUTSIDE and (prefix not in _PREFIX_TO_IOB2 or not label):
            raise ValueError(f"{tag!r} is not a span tag: expected O, or a label after B-, I-, E- or S-")
        if prefix in ("S", "U", "W"):
            cut(i)
        pieces.append(tag if tag == OUTSIDE else f"{_PREFIX_TO_IOB2[prefix]}-{label}")
        if prefix in ("E", "L", "S", "U", "W"):
            cut(i + 1)
    cut(len(tags))
    return spans_to_tags(spans, len(tags))


def to_scheme(tags: Sequence[str], scheme: str) -> list[str]:
    """Convert IOB2 tags to another scheme. Raises ValueError if it is unknown, or the tags are not IOB2."""
    if scheme not in SCHEMES:
        raise ValueError(f"scheme is one of {', '.join(SCHEMES)}, got {scheme!r}")
    spans = tags_to_spans(tags)
    written = spans_to_tags(spans, len(tags))
    if scheme == "bioes":
        for label, start, end in spans:
            written[end - 1] = f"{'S' if end - start == 1 else 'E'}-{label}"
    elif scheme == "iob1":
        ends = {(end, label) for label, _, end in spans}
        for label, start, _ in spans:
            if (start, label) not in ends:
                written[start] = f"I-{label}"
    return written
