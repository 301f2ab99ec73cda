"""Tagging in the exported script."""

from collections.abc import Iterator
from typing import Any

from grunlp.exporting.runtime.main import Session
from grunlp.exporting.runtime.sentences import add_offsets, sentence_records
from grunlp.exporting.runtime.viterbi import ViterbiDecoder, spans_of
from grunlp.exporting.runtime.word_inputs import WordEncoder


class TaggerRuntime:
    """A tagger. A line of input is a text or {"words": [...]}; the output has one record per sentence."""

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session
        self.encode, self.decoder = WordEncoder(model), ViterbiDecoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield the records of a batch of lines; `first_line` is the number of the first line, from 1."""
        records = [record for i, line in enumerate(lines) for record in sentence_records(line, first_line + i)]
        sentences = [record["words"] for record in records if record["words"]]
        scores = iter(self.session("tags", *self.encode(sentences))[0] if sentences else ())
        for record in records:
            words = record["words"]
            record["tags"] = self.decoder.decode(next(scores)[: len(words)]) if words else []
            if self.model["spans"]:
                record["spans"] = [
                    {"label": label, "start": start, "end": end, "text": " ".join(words[start:end])}
                    for label, start, end in spans_of(record["tags"])
                ]
                for span in record["spans"]:
                    add_offsets(span, record, span["start"], span["end"])
            yield record
