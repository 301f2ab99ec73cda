"""The labeller as a component of a spaCy pipeline.

    nlp = spacy.blank("en")
    nlp.add_pipe("grunlp_srl", config={"run": "default"})
    for frame in nlp("She gave him a book.")._.frames:
        print(frame["roleset"], [(argument["role"], argument["text"]) for argument in frame["arguments"]])

A frame is one of the records of `grunlp.predict`, in places of the document: its predicate is `doc[frame["index"]]`, an
argument `doc[argument["start"]:argument["end"]]`; `start_char` and `end_char` count the characters of `doc.text`.
Installed, the component is found by its name; in a checkout, `import grunlp.integrations.spacy` tells spaCy of it.
"""

from collections.abc import Iterable, Iterator

from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.util import minibatch

from grunlp.data.sentence_splitter import split_sentences
from grunlp.tasks import Record, load
from grunlp.tasks.srl.predictor import SRLPredictor
from grunlp.utils.errors import UserError


class SRLComponent:
    """Fills `doc._.frames`. It has nothing to save but its settings, which are in the configuration of the pipeline.

    Sentences are those of the document where it has some, else those that `grunlp.predict` would find in its text.
    Tokens of white space alone are passed over.

    Args:
        labeller: that finds the frames.
    """

    def __init__(self, labeller: SRLPredictor) -> None:
        self.labeller = labeller
        if not Doc.has_extension("frames"):
            Doc.set_extension("frames", default=[])

    def __call__(self, doc: Doc) -> Doc:
        """Fill one document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 100) -> Iterator[Doc]:
        """Fill many; the sentences of `batch_size` documents are labelled together."""
        for docs in minibatch(stream, batch_size):
            sentences = [(doc, tokens) for doc in docs for tokens in _sentences(doc)]
            for doc in docs:
                doc._.frames = []
            records = self.labeller.label([[token.text for token in tokens] for _, tokens in sentences])
            for (doc, tokens), record in zip(sentences, records, strict=True):
                doc._.frames.extend(_frame_in_doc(doc, tokens, frame) for frame in record["frames"])
            yield from docs


def _sentences(doc: Doc) -> Iterator[list[Token]]:
    """The tokens of each sentence."""
    starts: Iterator[int] = (
        (sent.start_char for sent in doc.sents) if doc.has_annotation("SENT_START") else _starts(doc)
    )
    following = next(starts, None)
    tokens: list[Token] = []
    for token in doc:
        while following is not None and token.idx >= following:
            if tokens:
                yield tokens
            tokens, following = [], next(starts, None)
        if not token.is_space:
            tokens.append(token)
    if tokens:
        yield tokens


def _starts(doc: Doc) -> Iterator[int]:
    """Where sentences begin in the text, in characters."""
    place = 0
    for line in doc.text.split("\n"):
        yield from (place + sentence.tokens[0].start for sentence in split_sentences(line) if sentence.tokens)
        place += len(line) + 1


def _frame_in_doc(doc: Doc, tokens: list[Token], frame: Record) -> Record:
    """A frame of a sentence in places of the document; its tags, one a token of the sentence, are left out."""
    index = tokens[frame["index"]].i
    arguments = []
    for argument in frame["arguments"]:
        span = doc[tokens[argument["start"]].i : tokens[argument["end"] - 1].i + 1]
        places = {"start": span.start, "end": span.end, "start_char": span.start_char, "end_char": span.end_char}
        arguments.append(argument | places | {"text": span.text})
    predicate = doc[index : index + 1]
    places = {"index": index, "start_char": predicate.start_char, "end_char": predicate.end_char}
    known = {key: value for key, value in frame.items() if key != "tags"}
    return known | places | {"arguments": arguments}


@Language.factory("grunlp_srl", assigns=["doc._.frames"], default_config={"run": "default"})
def create_srl_component(nlp: Language, name: str, run: str) -> SRLComponent:
    """What `nlp.add_pipe("grunlp_srl", config={"run": DIR})` adds.

    Raises:
        UserError: no run lies there, or one of another kind.
    """
    labeller = load(run)
    if not isinstance(labeller, SRLPredictor):
        there = "a role labeller is needed"
        raise UserError(f"grunlp_srl: {run} is not a role labeller", there, "Name another run.")
    return SRLComponent(labeller)
