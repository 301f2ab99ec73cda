"""Conversion of the annotated example sentences of the PropBank frame files to the conventions of the EWT corpus.

An example looks like this; numbers count the tokens of the text, split at white space, `end` included:

    <roleset id="give.01"> ... <example name="double object" src="">
      <text>She gave him a book .</text>
      <propbank>
        <rel relloc="1">gave</rel>
        <arg type="ARG0" start="0" end="0">She</arg> ...

What differs from EWT and is converted:

- Words: empty elements of the treebank (`*PRO*`, `[*T*-1]`) and the brackets and numbers that refer to them are
  removed; quotes, brackets and slashes are written as in the texts (" ( /), without the escapes of treebanks.
- Predicate: its tokens become one `V`, further ones that are not adjacent `C-V`; the lemma of a phrase is its first
  word.
- Roles: `ARGM-PNC` (purpose, not cause) is today's `ARGM-PRP`; `ARGM-DSP` is `ARG1-DSP`. An argument that was only an
  empty element has no words and is left out; an example with roles unknown to EWT is left out as a whole.

The rest agrees and is kept: clitics and hyphens are split, and span boundaries, particles (`V` over several tokens),
`ARGM-MOD`, `ARGM-NEG`, `ARGM-LVB` and `R-` are used alike. Some differences cannot be converted by rule: the examples
were chosen to show roles, so that a predicate has 40 % more core roles than the same one in EWT; adjectives on nouns
are more often `ARGM-MNR` than `ARGM-ADJ`; auxiliary and light verbs (`be.03`, `take.LV` with `ARGM-PRR`) are rarely
predicates.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple
from xml.etree import ElementTree

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.tags import PREDICATE_LABEL, Span, spans_to_tags

EMPTY_NODE = ""  # what a removed token is cleaned to

_ESCAPES = {
    **{"``": '"', "''": '"', "`": "'", "/.": "."},
    **{"-LRB-": "(", "-RRB-": ")", "-LSB-": "[", "-RSB-": "]", "-LCB-": "{", "-RCB-": "}"},
}
_EMPTY_ELEMENT = re.compile(r"\[?(?:\*(?:(?:[A-Z]+|trace|0|\?)\*)?|PRO)(?:-\d+)?\]*(?:-\d+)?\]*(?:-\d+)?")
_TRACE_SUFFIX = re.compile(r"\]-(?:\d+|S)$")
_BRACKET_POINTER = re.compile(r"\]+-(?:\d+|S)$")
_NUMBERED_WORD = re.compile(r"([A-Za-z]+)-\d")
_ROLE = re.compile(r"(?:[RC]-)?ARG(?:[0-5A]|M-(?!TOP)[A-Z]{3}|1-DSP)")
_RENAMED = {"ARGM-PNC": "ARGM-PRP", "ARGM-DSP": "ARG1-DSP", "C-ARGM-DSP": "C-ARG1-DSP"}


class ConversionResult(NamedTuple):
    """The sentences, and the number of examples that were kept and dropped, by reason."""

    examples: list[SRLExample]
    counts: Counter[str]


class SkippedExampleError(ValueError):
    """Raised for an example that is left out; its text is the reason."""


def convert_frames(files: Mapping[str, bytes]) -> ConversionResult:
    """Convert the sentences of all frame files, sorted by path; examples with equal words become one sentence.

    A file that is not XML and an example that cannot be used are counted, not raised.

    Args:
        files: `{"frames/give.xml": content, ...}`.
    """
    sentences: dict[tuple[str, ...], SRLExample] = {}
    counts: Counter[str] = Counter()
    for path, lemma, roleset, element in _iter_examples(files, counts):
        try:
            words, frame = read_example(element, lemma, roleset)
            new = SRLExample(id=f"frames-{len(sentences) + 1:05}", document=path, words=words, pos=[], frames=[])
            _add_frame(sentences.setdefault(tuple(words), new), frame)
        except SkippedExampleError as reason:
            counts[f"examples dropped: {reason}"] += 1
    counts["sentences"] = len(sentences)
    counts["predicates"] = sum(len(sentence["frames"]) for sentence in sentences.values())
    return ConversionResult(list(sentences.values()), counts)


def _iter_examples(
    files: Mapping[str, bytes], counts: Counter[str]
) -> Iterator[tuple[str, str, str, ElementTree.Element]]:
    """Yield the path, lemma, roleset and `<example>` element of every example."""
    for path in sorted(files):
        try:
            root = ElementTree.fromstring(files[path])
        except ElementTree.ParseError:
            counts["files dropped: not well-formed XML"] += 1
            continue
        for predicate in root.iter("predicate"):
            lemma = re.split("[ _]", predicate.attrib["lemma"])[0]
            for roleset in predicate.iter("roleset"):
                for element in roleset.iter("example"):
                    yield path, lemma, roleset.attrib["id"], element


def read_example(element: ElementTree.Element, lemma: str, roleset: str) -> tuple[list[str], Frame]:
    """Return the words and the frame of an `<example>`.

    Raises:
        SkippedExampleError: it is not annotated, or contradicts itself.
    """
    cleaned = clean_tokens((element.findtext("text") or "").split())
    annotation = element.find("propbank")
    rel = annotation.find("rel") if annotation is not None else None
    if not cleaned or annotation is None or rel is None:
        raise SkippedExampleError("not annotated")
    # kept[i]: number of words before token i, so that a span of tokens i:j becomes the words kept[i]:kept[j]
    kept = list(accumulate((token != EMPTY_NODE for token in cleaned), initial=0))
    parts = _predicate_spans([int(number) for number in re.findall(r"\d+", rel.get("relloc", ""))], kept)
    spans = parts + _argument_spans(annotation, kept)
    words = [token for token in cleaned if token != EMPTY_NODE]
    try:
        tags = spans_to_tags(spans, len(words))
    except ValueError:
        raise SkippedExampleError("spans overlap") from None
    return words, Frame(index=parts[0].start, lemma=lemma, roleset=roleset, tags=tags)


def clean_tokens(tokens: Sequence[str]) -> list[str]:
    """Return one word for each token, as it is in the text; `EMPTY_NODE` for the empty elements of a treebank."""
    tokens = [_ESCAPES.get(token, token).replace("\\/", "/") for token in tokens]
    if any(_EMPTY_ELEMENT.fullmatch(token) or _TRACE_SUFFIX.search(token) for token in tokens):
        tokens = [EMPTY_NODE if _EMPTY_ELEMENT.fullmatch(token) else _strip_brackets(token) for token in tokens]
    return tokens


def _strip_brackets(token: str) -> str:
    """Strip `[the` to `the`, `house]-1` to `house`, `he-1` to `he`; a bracket on its own is text."""
    token = _BRACKET_POINTER.sub("", token).removeprefix("[") or token
    numbered = _NUMBERED_WORD.fullmatch(token)
    return numbered[1] if numbered else token


def _predicate_spans(positions: list[int], kept: list[int]) -> list[Span]:
    if not positions or max(positions) >= len(kept) - 1:
        raise SkippedExampleError("predicate outside the text")
    spans: list[Span] = []
    for start in sorted({kept[position] for position in positions if kept[position] < kept[position + 1]}):
        if spans and spans[-1].end == start:
            spans[-1] = spans[-1]._replace(end=start + 1)
        else:
            spans.append(Span(f"C-{PREDICATE_LABEL}" if spans else PREDICATE_LABEL, start, start + 1))
    if not spans:
        raise SkippedExampleError("predicate is an empty element")
    return spans


def _argument_spans(annotation: ElementTree.Element, kept: list[int]) -> list[Span]:
    spans = []
    for argument in annotation.iter("arg"):
        label = _RENAMED.get(argument.attrib["type"], argument.attrib["type"])
        first, last = argument.attrib["start"], argument.attrib["end"]
        if not _ROLE.fullmatch(label):
            raise SkippedExampleError("role unknown to EWT")
        if not (first.isdecimal() and last.isdecimal()):  # written "?"
            if any(clean_tokens((argument.text or "").split())):
                raise SkippedExampleError("place of an argument unknown")
            continue
        start, end = int(first), int(last) + 1
        if not start < end < len(kept):
            raise SkippedExampleError("argument outside the text")
        if kept[start] < kept[end]:
            spans.append(Span(label, kept[start], kept[end]))
    return spans


def _add_frame(example: SRLExample, frame: Frame) -> None:
    if any(other["index"] == frame["index"] for other in example["frames"]):
        raise SkippedExampleError("same sentence and predicate as an earlier one")
    example["frames"] = sorted([*example["frames"], frame], key=lambda frame: frame["index"])
