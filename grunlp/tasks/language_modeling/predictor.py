"""Texts written on from a prompt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from grunlp.data.pair import Pair
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.language_modeling.checkpoint import LanguageRun, load_language_run
from grunlp.tasks.language_modeling.generate import Piece, write_on
from grunlp.tasks.predictor import Predictor, Record, answer_each, clean

DRAWING = Sampling(temperature=0.8, top_k=0, top_p=1.0, seed=1)


@dataclass(frozen=True, eq=False)
class LanguageModel(Predictor[str, list[Record]]):
    """A language model: a prompt becomes one record with what was drawn after it, token by token.

    Args:
        run: the network with what belongs to it.
        sampling: how to draw.
        length: tokens, at most.
        one_line: whether to stop at the end of the line.
    """

    run: LanguageRun
    sampling: Sampling = DRAWING
    length: int = 500
    one_line: bool = False
    kind: ClassVar[str] = "language-model"

    def stream(self, many: Iterable[str]) -> Iterator[list[Record]]:
        """Of each prompt a list of its one record; the same prompt is always written on in the same way."""

        def records(pairs: Iterable[Pair]) -> Iterator[Record]:
            return (self.record(pair, 0) for pair in pairs)

        return answer_each(many, lambda text: [Pair(id="1", source=text, target="", references=[])], records)

    def pieces(self, prompt: str) -> Iterator[str]:
        """What comes after a prompt, each piece as soon as it is drawn; the record's `text` are all of them."""
        return (piece.text for piece in self.draw(prompt, 0))

    def record(self, pair: Pair, number: int) -> Record:
        """The prompt, what was drawn after it, and its log probability. number: of the text, which tells its draws."""
        drawn = list(self.draw(pair["source"], number))
        return {
            "id": pair["id"],
            "prompt": self.prompt(pair["source"]),
            "text": "".join(piece.text for piece in drawn),
            "log_probability": sum(piece.log_probability for piece in drawn),
        }

    def prompt(self, text: str) -> str:
        """What of a prompt is written on: a blank at its end comes with the piece that follows, unless it is one."""
        return clean(text) if self.run.config.tokenizer.kind == "character" else clean(text).rstrip(" \t")

    def draw(self, prompt: str, number: int) -> Iterator[Piece]:
        """Piece by piece. number: as for `record`."""
        return write_on(
            self.run.model,
            self.run.tokenizer,
            self.prompt(prompt),
            length=self.length,
            one_line=self.one_line,
            sampling=self.sampling,
            number=number,
        )


def load_language_model(run: str | Path) -> LanguageModel:
    """The language model of a run folder."""
    return LanguageModel(load_language_run(run))
