"""Toy summarization data: the summary says who does what to whom in the first of three sentences."""

from collections.abc import Iterator

from grunlp.data.examples import ParallelExample, SRLExample
from grunlp.data.toy import toy_srl_examples

_SENTENCES_PER_DOCUMENT = 3  # sentences in a source


def summarization_pairs(split: str) -> Iterator[ParallelExample]:
    """Yield groups of three sentences of the toy corpus, each with the agent, verb and patient of the first sentence.

    In the first sentence these are single words in this order. Dev and test have words that never occur in training, so
    that they must be copied.
    """
    examples = list(toy_srl_examples(split))
    for number, example in enumerate(examples):
        headline = _headline(example)
        if headline:
            document = (examples[(number + k) % len(examples)] for k in range(_SENTENCES_PER_DOCUMENT))
            source = " ".join(word for sentence in document for word in sentence["words"])
            yield ParallelExample(id=example["id"], source=source, target=headline, references=[])


def _headline(example: SRLExample) -> str:
    for frame in example["frames"]:
        roles = [tag[2:] for tag in frame["tags"]]
        order = list(dict.fromkeys(role for role in roles if role in ("ARG0", "V", "ARG1")))
        if order == ["ARG0", "V", "ARG1"] and example["pos"][frame["index"]].startswith("V"):
            return " ".join(word for word, role in zip(example["words"], roles, strict=True) if role in order)
    return ""
