"""Merging of flat records, which repeat a sentence for each of its predicates.

`words ||| tags` lines, flat JSON lines and most hub data sets have one predicate in each record. Consecutive records
with the same words become one example, so that the sentence is encoded once.
"""

from collections.abc import Iterator, Sequence

from grunlp.data.examples import Frame, SRLExample
from grunlp.data.tags import PREDICATE_LABEL, split_tag


def frame_from_tags(
    tags: Sequence[str], length: int, index: int | None = None, lemma: str = "", roleset: str = ""
) -> Frame | None:
    """Return the frame of one tag sequence; None if it has neither a V tag nor a given predicate index.

    An `I-X` that follows neither `B-X` nor `I-X` is accepted; `grunlp.data check` counts such tags.

    Args:
        tags: one BIO tag for each word.
        length: number of words.
        index: token of the predicate; by default the one with B-V.
        lemma: the lemma of the predicate, if known.
        roleset: the roleset of the predicate, if known.

    Raises:
        ValueError: the number of tags is not `length`, a tag is invalid, or the predicate is outside the sentence or
            not where its V is.
    """
    if len(tags) != length:
        raise ValueError(f"{len(tags)} tags for {length} words")
    labels = [split_tag(tag)[1] for tag in tags]
    verbs = [i for i, tag in enumerate(tags) if tag == f"B-{PREDICATE_LABEL}"]
    if len(verbs) > 1:
        raise ValueError(f"two predicates in one tag sequence: B-V at words {verbs[0]} and {verbs[1]}")
    if index is None:
        index = verbs[0] if verbs else None
    if index is None:
        return None
    if not 0 <= index < length:
        raise ValueError(f"predicate index {index} is outside the {length} words (counted from 0)")
    if verbs and labels[index] not in (PREDICATE_LABEL, f"C-{PREDICATE_LABEL}"):
        raise ValueError(f"predicate index {index}, but B-V at word {verbs[0]} (counted from 0)")
    return Frame(index=index, lemma=lemma, roleset=roleset, tags=list(tags))


def merge_frames_of_same_sentence(examples: Iterator[tuple[int, SRLExample]]) -> Iterator[tuple[int, SRLExample]]:
    """Merge consecutive examples that differ only in their frames. A predicate that occurs twice starts a new sentence.

    Args:
        examples: pairs of a line number and an example with at most one frame.
    """
    pending: tuple[int, SRLExample] | None = None
    for number, example in examples:
        if pending and _same_sentence(pending[1], example):
            pending[1]["frames"].extend(example["frames"])
            continue
        if pending:
            yield _sort_frames(pending)
        pending = number, example
    if pending:
        yield _sort_frames(pending)


def _same_sentence(one: SRLExample, other: SRLExample) -> bool:
    taken = {frame["index"] for frame in one["frames"]}
    return (
        one["words"] == other["words"]
        and (one["id"], one["document"]) == (other["id"], other["document"])
        and bool(taken and other["frames"])
        and taken.isdisjoint(frame["index"] for frame in other["frames"])
    )


def _sort_frames(numbered: tuple[int, SRLExample]) -> tuple[int, SRLExample]:
    numbered[1]["frames"].sort(key=lambda frame: frame["index"])
    return numbered
