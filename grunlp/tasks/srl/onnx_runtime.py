"""Semantic role labelling in the exported script."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from grunlp.data.propbank.lemmatizer import lemma_candidates, lookup_with_fallback
from grunlp.exporting.runtime.main import Session
from grunlp.exporting.runtime.sentences import add_offsets, sentence_records
from grunlp.exporting.runtime.viterbi import ViterbiDecoder, spans_of
from grunlp.exporting.runtime.word_inputs import WordEncoder, pad_rows


class SRLRuntime:
    """A semantic role labeller. A line of input is a text or {"words": [...]}.

    The output has one record per sentence.
    """

    def __init__(self, model: dict[str, Any], session: Session) -> None:
        self.model, self.session = model, session
        self.encode, self.decoder = WordEncoder(model), ViterbiDecoder(model)

    def __call__(self, lines: list[str], first_line: int) -> Iterator[dict[str, Any]]:
        """Yield the records of a batch of lines; `first_line` is the number of the first line, from 1."""
        records = [record for i, line in enumerate(lines) for record in sentence_records(line, first_line + i)]
        for record in records:
            record["frames"] = []
        nonempty = [record for record in records if record["words"]]
        if nonempty:
            inputs = self.encode([record["words"] for record in nonempty])
            lengths = inputs[-1]
            states, logits = self.session("sentences", *inputs)
            mask = np.arange(logits.shape[1]) < lengths[:, None]
            predicates = np.nonzero((logits > 0) & mask)
            if len(predicates[0]):
                self._label(nonempty, states, lengths, *predicates)
        yield from records

    def _label(
        self, records: list[dict[str, Any]], states: Any, lengths: Any, sentence_index: Any, predicate_index: Any
    ) -> None:
        """Add the frames of all predicates, scored by the second graph."""
        words = [records[b]["words"][t] for b, t in zip(sentence_index, predicate_index, strict=True)]
        inventories = [lookup_with_fallback(word.lower(), self.model["forms"], self.model["counts"]) for word in words]
        candidates = [pad_rows(inventories, max(1, *map(len, inventories)))] if self.model["senses"] else []
        inputs = (states, lengths, sentence_index, predicate_index, *candidates)
        role_logits, *sense_logits = self.session("predicates", *inputs)
        for p, (b, t) in enumerate(zip(sentence_index.tolist(), predicate_index.tolist(), strict=True)):
            record, roleset, lemma = records[b], "", ""
            if self.model["senses"]:
                inventory = inventories[p]
                sense = inventory[int(sense_logits[0][p, : len(inventory)].argmax())] if inventory else 0
                base = (lemma_candidates(words[p].lower()) or [words[p].lower()])[0]
                roleset, lemma = self.model["rolesets"][sense] if sense else (f"{base}.01", base)
            tags = self.decoder.decode(role_logits[p, : len(record["words"])], t)
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
            argument["role_description"] = self._describe_role(roleset, argument["role"])
        return frame | {"sense_description": ""}

    def _describe_role(self, roleset: str, role: str) -> str:
        """Describe a role in one or two words."""
        role = role.removeprefix("R-").removeprefix("C-")
        descriptions = self.model["role_descriptions"]
        function = self.model["functions"].get(roleset, {}).get(role) or role.rpartition("-")[2]
        fallback = {"ARG0": descriptions["PAG"], "ARG1": descriptions["PPT"]}.get(role, "")
        return descriptions.get(function) or fallback
