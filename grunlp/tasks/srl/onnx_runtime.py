"""Who did what to whom."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.data.propbank.lemmatizer import lemma_candidates, lookup_with_fallback
from grunlp.exporting.runtime.sentences import add_offsets, sentence_records
from grunlp.exporting.runtime.viterbi import ViterbiDecoder, spans_of
from grunlp.exporting.runtime.word_inputs import WordEncoder, pad_rows


class Answering:
    """Answers lines, each a text or {"words": [...]}, by a record a sentence."""

    def __init__(self, model: dict[str, Any], graphs: Any) -> None:
        self.model, self.graphs, self.words, self.tags = model, graphs, WordEncoder(model), ViterbiDecoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """number: of the first line, from 1."""
        records = [record for i, line in enumerate(lines) for record in sentence_records(line, first_line + i)]
        for record in records:
            record["frames"] = []
        read = [record for record in records if record["words"]]
        if read:
            inputs = self.words([record["words"] for record in read])
            lengths = inputs[-1]
            states, odds = self.graphs("sentences", *inputs)
            real = np.arange(odds.shape[1]) < lengths[:, None]
            places = np.nonzero((odds > 0) & real)
            if len(places[0]):
                self._label(read, states, lengths, *places)
        yield from records

    def _label(self, records: list[dict[str, Any]], states: Any, lengths: Any, sentence: Any, predicate: Any) -> None:
        """Add the frames of all predicates. Of each, how likely tags and senses are comes from the second graph."""
        words = [records[b]["words"][t] for b, t in zip(sentence, predicate, strict=True)]
        inventories = [lookup_with_fallback(word.lower(), self.model["forms"], self.model["counts"]) for word in words]
        candidates = [pad_rows(inventories, max(1, *map(len, inventories)))] if self.model["senses"] else []
        roles, *senses = self.graphs("predicates", states, lengths, sentence, predicate, *candidates)
        for p, (b, t) in enumerate(zip(sentence.tolist(), predicate.tolist(), strict=True)):
            record, roleset, lemma = records[b], "", ""
            if self.model["senses"]:
                inventory = inventories[p]
                chosen = inventory[int(senses[0][p, : len(inventory)].argmax())] if inventory else 0
                base = (lemma_candidates(words[p].lower()) or [words[p].lower()])[0]
                roleset, lemma = self.model["rolesets"][chosen] if chosen else (f"{base}.01", base)
            tags = self.tags.decode(roles[p, : len(record["words"])], t)
            record["frames"].append(self._frame(record, t, roleset, lemma, tags))

    def _frame(self, record: dict[str, Any], index: int, roleset: str, lemma: str, tags: list[str]) -> dict[str, Any]:
        words, spans = record["words"], spans_of(tags)
        opening = {start: f"[{label} " for label, start, _ in spans}
        closing = {end - 1: "]" for _, _, end in spans}
        frame = {"predicate": words[index], "index": index, "lemma": lemma, "roleset": roleset, "tags": tags}
        frame["arguments"] = [
            {"role": label, "start": start, "end": end, "text": " ".join(words[start:end])}
            for label, start, end in spans
            if label != "V"
        ]
        frame["text"] = " ".join(opening.get(i, "") + word + closing.get(i, "") for i, word in enumerate(words))
        add_offsets(frame, record, index, index + 1)
        for argument in frame["arguments"]:
            add_offsets(argument, record, argument["start"], argument["end"])
            argument["gloss"] = self._gloss(roleset, argument["role"].removeprefix("R-").removeprefix("C-"))
        return frame | {"sense": ""}

    def _gloss(self, roleset: str, role: str) -> str:
        """What a role is, in a word or two."""
        known = self.model["glosses"]
        tag = self.model["functions"].get(roleset, {}).get(role) or role.rpartition("-")[2]
        return known.get(tag) or {"ARG0": known["PAG"], "ARG1": known["PPT"]}.get(role, "")
