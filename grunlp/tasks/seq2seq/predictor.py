"""Texts from texts: translations, summaries."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar, NamedTuple

from grunlp.data.pair import Pair
from grunlp.data.subword_tokenizer import END, UNKNOWN
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import Limits, Wanted
from grunlp.decoding.sampling import Sampling
from grunlp.runs.layout import SOURCE_TOKENIZER, TOKENIZER
from grunlp.tasks.predictor import BATCH_TOKENS, Predictor, Record, answer_each, clean
from grunlp.tasks.seq2seq import inference
from grunlp.tasks.seq2seq.checkpoint import TextRun, load_text_run, search_of, search_values
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.inference import ANYTHING, Written
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.utils.errors import GrunlpError

_SPELLINGS = 1000  # of a forbidden phrase in pieces


LIKELIEST = 1e-6  # a temperature at which the likeliest word is always drawn


class Attention(NamedTuple):
    """What was read for each piece of a text.

    read: S pieces of the source, its end included.
    written: T pieces of the text, its end included.
    shares: (T, S); each row adds up to 1.
    """

    read: list[str]
    written: list[str]
    shares: list[list[float]]


@dataclass(frozen=True, eq=False)
class Writer(Predictor[str, list[Record]]):
    """A network that reads a text and writes another: one record with the texts, best first, and their scores.

    Args:
        run: the network with what belongs to it; the first of several.
        model: that of the run, or several together.
        limits: how long texts may become.
        search: how they are searched, or drawn.
        wanted: what all texts must and may not hold.
        batch_tokens: source tokens a batch, each counted once for each hypothesis; fewer need less memory.
    """

    run: TextRun
    model: Seq2Seq | Ensemble
    limits: Limits
    search: BeamSearch | Sampling
    wanted: Wanted = ANYTHING
    batch_tokens: int = BATCH_TOKENS
    kind: ClassVar[str] = "writer"

    def stream(self, many: Iterable[str]) -> Iterator[list[Record]]:
        """Of each source a list of its one record. Drawn texts differ from source to source and seed to seed alone."""
        return answer_each(many, lambda text: [source_pair(text)], lambda pairs: map(record_of, self._alike(pairs)))

    def write(self, pairs: Iterable[Pair]) -> Iterator[Written]:
        """What is written for each source; drawn texts also differ by their number."""
        return inference.write(
            self.model, self.run.collate, pairs, self.limits, self.search, self.batch_tokens, self.wanted
        )

    def pieces(self, source: str) -> Iterator[str]:
        """A text piece by piece, each as soon as it is drawn; where texts are searched, the likeliest each time."""
        how = self.search if isinstance(self.search, Sampling) else Sampling(LIKELIEST, 0, 1.0, 1)
        source = source_pair(source)["source"]
        return inference.write_pieces(self.model, self.run.collate, source, self.limits, how, self.wanted)

    def attention(self, source: str, text: str) -> Attention:
        """What the network reads in a source while it writes a text, its own or another."""
        (ids,) = self.run.collate.target.encode([clean(text)])
        return self.attention_of(source_pair(source)["source"], ids)

    def attention_of(self, source: str, ids: Sequence[int]) -> Attention:
        """The same for the ids of a text, of which there may be others than `encode` gives."""
        collate = self.run.collate
        read = collate.sources([source])[0][0].tolist()
        shares = inference.attention_of(self.model, collate, source, ids).tolist()
        return Attention(collate.source.pieces(read), collate.target.pieces([*ids, END]), shares)

    def wanting(self, prefix: str = "", required: Sequence[str] = (), forbidden: Sequence[str] = ()) -> "Writer":
        """A writer whose texts begin with `prefix`, and hold all phrases that are required and none that is forbidden.

        Raises:
            GrunlpError: a phrase is not in the vocabulary, or too long.
        """
        tokenizer = self.run.collate.target

        def encode(key: str, texts: Sequence[str]) -> list[tuple[int, ...]]:
            encoded = [tuple(ids) for ids in tokenizer.encode([clean(text) for text in texts])]
            for text, ids in zip(texts, encoded, strict=True):
                if not ids or UNKNOWN in ids:
                    there = "a part of it is unknown" if ids else "there is an empty phrase"
                    raise GrunlpError(f"{key}={text}: not in the vocabulary", there, "Type phrases of known words.")
            return encoded

        begin = encode("prefix", [prefix])[0] if prefix else ()
        needed, banned = encode("required", required), encode("forbidden", forbidden)
        for text in forbidden:
            spellings = tokenizer.spellings(text, _SPELLINGS)
            if len(spellings) == _SPELLINGS:
                there = f"it can be split into pieces in {_SPELLINGS} ways or more"
                raise GrunlpError(f"forbidden={text}: too long", there, "Type a shorter phrase.")
            banned += spellings
        return replace(self, wanted=Wanted(begin, tuple(needed), tuple(banned)))

    def _alike(self, pairs: Iterable[Pair]) -> Iterator[Written]:
        """As `write`, but with the number 0 for all, wherever they stand."""
        return inference.write(
            self.model, self.run.collate, pairs, self.limits, self.search, self.batch_tokens, self.wanted, apart=False
        )


def source_pair(text: str) -> Pair:
    """A source on one line, as networks were trained to read it."""
    return Pair(id="1", source=clean(text).replace("\n", " "), target="", references=[])


def record_of(written: Written) -> Record:
    """A source, and its texts with their log probability and what they were ranked by."""
    texts = [
        {"text": text, "log_probability": found.log_probability, "score": found.score}
        for text, found in zip(written.texts, written.hypotheses, strict=True)
    ]
    return {"id": written.pair["id"], "source": written.pair["source"], "texts": texts}


def load_writer(paths: Sequence[str | Path]) -> Writer:
    """The writer of a run folder, or of several together, with the search of the first.

    Raises:
        GrunlpError: no run lies there, or they have other vocabularies.
    """
    runs = [load_text_run(path) for path in paths]
    for run in runs[1:]:
        for name in (TOKENIZER, SOURCE_TOKENIZER):
            contents = {file.read_bytes() if file.is_file() else b"" for file in (run.path / name, runs[0].path / name)}
            if len(contents) > 1:
                there = "networks that write together need the same vocabulary"
                raise GrunlpError(
                    f"{run.path} and {runs[0].path}: {name} differs", there, "Train them on the same data."
                )
    model = runs[0].model if len(runs) == 1 else Ensemble([run.model for run in runs])
    return Writer(runs[0], model, *search_of(search_values(runs[0].config)))
