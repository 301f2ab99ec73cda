"""Texts written on from a prompt."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from grunlp.data.examples import ParallelExample
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.language_modeling.checkpoint import TrainedLanguageModel
from grunlp.tasks.language_modeling.generate import GeneratedToken, generate
from grunlp.tasks.predictor import Record, TextGenerator, predict_batched, sanitize_text

DEFAULT_SAMPLING = Sampling(temperature=0.8, top_k=0, top_p=1.0, seed=1)


@dataclass(frozen=True, eq=False)
class LanguageModelPredictor(TextGenerator):
    """A language model: a prompt becomes one record with what was drawn after it, token by token.

    Args:
        run: the network with what belongs to it.
        sampling: how to draw.
        length: tokens, at most.
        stop_at_newline: whether to stop at the end of the line.
    """

    run: TrainedLanguageModel
    sampling: Sampling = DEFAULT_SAMPLING
    length: int = 500
    stop_at_newline: bool = False
    task: ClassVar[str] = "language_modeling"

    @property
    def max_new_tokens(self) -> int:
        """Tokens generated for a prompt, at most."""
        return self.length

    def with_max_new_tokens(self, limit: int) -> Self:
        """Return a predictor that generates at most this many tokens for a prompt."""
        return replace(self, length=min(self.length, limit))

    def with_sampling(self, options: Mapping[str, Any]) -> Self:
        """Return a predictor with other sampling options, or another length."""
        sampling = {key: value for key, value in options.items() if key != "length"}
        return replace(self, length=options.get("length", self.length), sampling=replace(self.sampling, **sampling))

    def warm_up(self) -> None:
        """Generate three tokens."""
        replace(self, length=3)("a")

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Of each prompt a list of its one record; the same prompt is always written on in the same way."""

        def records(pairs: Iterable[ParallelExample]) -> Iterator[Record]:
            return (self.generate_record(pair, 0) for pair in pairs)

        return predict_batched(
            inputs, lambda text: [ParallelExample(id="1", source=text, target="", references=[])], records
        )

    def stream_tokens(self, prompt: str) -> Iterator[str]:
        """What comes after a prompt, each piece as soon as it is drawn; the record's `text` are all of them."""
        return (piece.text for piece in self.generate(prompt, 0))

    def generate_record(self, pair: ParallelExample, sample_id: int) -> Record:
        """Return the prompt, the text drawn after it and its log probability. sample_id: selects the random draws."""
        drawn = list(self.generate(pair["source"], sample_id))
        return {
            "id": pair["id"],
            "prompt": self.normalize_prompt(pair["source"]),
            "text": "".join(piece.text for piece in drawn),
            "log_probability": sum(piece.log_prob for piece in drawn),
        }

    def normalize_prompt(self, text: str) -> str:
        """What of a prompt is written on: a blank at its end comes with the piece that follows, unless it is one."""
        return (
            sanitize_text(text) if self.run.config.tokenizer.kind == "character" else sanitize_text(text).rstrip(" \t")
        )

    def generate(self, prompt: str, sample_id: int) -> Iterator[GeneratedToken]:
        """Piece by piece. sample_id: as for `generate_record`."""
        return generate(
            self.run.model,
            self.run.tokenizer,
            self.normalize_prompt(prompt),
            length=self.length,
            stop_at_newline=self.stop_at_newline,
            sampling=self.sampling,
            sample_id=sample_id,
        )
