"""Generation of text from a prompt by a language model."""

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
    """A language model: it predicts for a prompt one record with a sampled continuation.

    Args:
        run: the trained model.
        sampling: options of sampling.
        length: maximum number of tokens.
        stop_at_newline: whether to stop at the end of the line.
    """

    run: TrainedLanguageModel
    sampling: Sampling = DEFAULT_SAMPLING
    length: int = 500
    stop_at_newline: bool = False
    task: ClassVar[str] = "language_modeling"

    @property
    def max_new_tokens(self) -> int:
        """Maximum number of tokens generated for a prompt."""
        return self.length

    def with_max_new_tokens(self, limit: int) -> Self:
        """Return a predictor that generates at most this many tokens for a prompt."""
        return replace(self, length=min(self.length, limit))

    def with_sampling(self, options: Mapping[str, Any]) -> Self:
        """Return a predictor with other sampling options, or another length."""
        sampling = {key: value for key, value in options.items() if key != "length"}
        return replace(self, length=options.get("length", self.length), sampling=replace(self.sampling, **sampling))

    def warm_up(self) -> None:
        """Generate three tokens, because the first prediction takes longer than later ones."""
        replace(self, length=3)("a")

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Predict a list of one record for each prompt; equal prompts have equal continuations."""

        def records(pairs: Iterable[ParallelExample]) -> Iterator[Record]:
            return (self.generate_record(pair, 0) for pair in pairs)

        return predict_batched(
            inputs, lambda text: [ParallelExample(id="1", source=text, target="", references=[])], records
        )

    def stream_tokens(self, prompt: str) -> Iterator[str]:
        """Yield the continuation of a prompt token by token; the `text` of its record is their concatenation."""
        return (token.text for token in self.generate(prompt, 0))

    def generate_record(self, pair: ParallelExample, sample_id: int) -> Record:
        """Generate the record of a prompt; `sample_id` selects its random numbers."""
        tokens = list(self.generate(pair["source"], sample_id))
        return {
            "id": pair["id"],
            "prompt": self.normalize_prompt(pair["source"]),
            "text": "".join(token.text for token in tokens),
            "log_probability": sum(token.log_prob for token in tokens),
        }

    def normalize_prompt(self, text: str) -> str:
        """Strip trailing spaces, which belong to the next token, unless tokens are characters."""
        text = sanitize_text(text)
        return text if self.run.config.tokenizer.kind == "character" else text.rstrip(" \t")

    def generate(self, prompt: str, sample_id: int) -> Iterator[GeneratedToken]:
        """Generate the tokens of a continuation one by one; `sample_id` selects their random numbers."""
        return generate(
            self.run.model,
            self.run.tokenizer,
            self.normalize_prompt(prompt),
            length=self.length,
            stop_at_newline=self.stop_at_newline,
            sampling=self.sampling,
            sample_id=sample_id,
        )
