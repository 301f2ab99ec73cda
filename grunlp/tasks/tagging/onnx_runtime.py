"""A tag for every word."""

from collections.abc import Iterator
from typing import Any

from grunlp.exporting.runtime.sentences import add_offsets, sentence_records
from grunlp.exporting.runtime.viterbi import ViterbiDecoder, spans_of
from grunlp.exporting.runtime.word_inputs import WordEncoder


class Answering:
    """Answers lines, each a text or {"words": [...]}, by a record a sentence."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs, self.words, self.tags = model, graphs, WordEncoder(model), ViterbiDecoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        records = [record for i, line in enumerate(lines) for record in sentence_records(line, first_line + i)]
        read = [record for record in records if record["words"]]
        scores = iter(self.graphs("tags", *self.words([record["words"] for record in read]))[0] if read else ())
        for record in records:
            words = record["words"]
            record["tags"] = self.tags.decode(next(scores)[: len(words)]) if words else []
            if self.model["spans"]:
                record["spans"] = [
                    {"label": label, "start": start, "end": end, "text": " ".join(words[start:end])}
                    for label, start, end in spans_of(record["tags"])
                ]
                for span in record["spans"]:
                    add_offsets(span, record, span["start"], span["end"])
            yield record
