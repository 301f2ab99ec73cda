"""The role labeller as a component of a spaCy pipeline.

    nlp = spacy.blank("en")
    nlp.add_pipe("grunlp_srl", config={"run": "default"})
    for frame in nlp("She gave him a book.")._.frames:
        print(frame["roleset"], [(argument["role"], argument["text"]) for argument in frame["arguments"]])

A frame is like those in the records of `grunlp.predict`, with positions in the document: its predicate is
`doc[frame["index"]]`, an argument is `doc[argument["start"]:argument["end"]]`; `start_char` and `end_char` count the
characters of `doc.text`. An installed grunlp is found by the name of the component; in a checkout, `import
grunlp.integrations.spacy` registers it.
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
    """The component that sets `doc._.frames`. The spaCy pipeline saves its settings in its configuration.

    Sentences are those of the document if they are set, otherwise those that `grunlp.predict` splits its text into.
    Whitespace tokens are skipped.

    Args:
        labeller: the predictor.
    """

    def __init__(self, labeller: SRLPredictor) -> None:
        self.labeller = labeller
        if not Doc.has_extension("frames"):
            Doc.set_extension("frames", default=[])

    def __call__(self, doc: Doc) -> Doc:
        """Set the frames of a document."""
        return next(self.pipe([doc]))

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = 100) -> Iterator[Doc]:
        """Set the frames of documents; the sentences of `batch_size` documents are labelled together."""
        for docs in minibatch(stream, batch_size):
            sentences = [(doc, tokens) for doc in docs for tokens in _sentences(doc)]
            for doc in docs:
                doc._.frames = []
            records = self.labeller.label([[token.text for token in tokens] for _, tokens in sentences])
            for (doc, tokens), record in zip(sentences, records, strict=True):
                doc._.frames.extend(_frame_in_doc(doc, tokens, frame) for frame in record["frames"])
            yield from docs


def _sentences(doc: Doc) -> Iterator[list[Token]]:
    """Yield the tokens of each sentence."""
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
    """Yield the character offset of each sentence in the text."""
    offset = 0
    for line in doc.text.split("\n"):
        yield from (offset + sentence.tokens[0].start for sentence in split_sentences(line) if sentence.tokens)
        offset += len(line) + 1


def _frame_in_doc(doc: Doc, tokens: list[Token], frame: Record) -> Record:
    """Convert the positions of a frame from its sentence to the document; its tags are dropped."""
    index = tokens[frame["index"]].i
    arguments = []
    for argument in frame["arguments"]:
        span = doc[tokens[argument["start"]].i : tokens[argument["end"] - 1].i + 1]
        places = {"start": span.start, "end": span.end, "start_char": span.start_char, "end_char": span.end_char}
        arguments.append(argument | places | {"text": span.text})
    predicate = doc[index : index + 1]
    places = {"index": index, "start_char": predicate.start_char, "end_char": predicate.end_char}
    kept = {key: value for key, value in frame.items() if key != "tags"}
    return kept | places | {"arguments": arguments}


@Language.factory("grunlp_srl", assigns=["doc._.frames"], default_config={"run": "default"})
def create_srl_component(nlp: Language, name: str, run: str) -> SRLComponent:
    """Create the component that `nlp.add_pipe("grunlp_srl", config={"run": DIR})` adds.

    Raises:
        UserError: the folder is not the run of a role labeller.
    """
    labeller = load(run)
    if not isinstance(labeller, SRLPredictor):
        raise UserError(
            f"grunlp_srl: {run} is a model of {labeller.task}", "expected a role labeller", "Use another run."
        )
    return SRLComponent(labeller)
