"""Generation of texts from source texts: translation and summarization."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, NamedTuple, Self

from grunlp.data.examples import ParallelExample
from grunlp.data.subword_tokenizer import EOS_ID, UNK_ID
from grunlp.decoding.beam_search import BeamSearch
from grunlp.decoding.constraints import LengthLimits, LexicalConstraints
from grunlp.decoding.sampling import Sampling
from grunlp.tasks.predictor import BATCH_TOKENS, Record, TextGenerator, predict_batched, sanitize_text
from grunlp.tasks.seq2seq import inference
from grunlp.tasks.seq2seq.checkpoint import TrainedSeq2Seq, make_beam_search, search_config
from grunlp.tasks.seq2seq.ensemble import Ensemble
from grunlp.tasks.seq2seq.inference import NO_CONSTRAINTS, Generation
from grunlp.tasks.seq2seq.model import Seq2Seq
from grunlp.utils.errors import UserError

_MAX_SEGMENTATIONS = 1000  # of a forbidden phrase into tokens
GREEDY_TEMPERATURE = 1e-6  # the most probable token is always sampled


class AttentionMap(NamedTuple):
    """Attention of each token of a text to the source.

    Attributes:
        source_tokens: S tokens of the source, end token included.
        target_tokens: T tokens of the text, end token included.
        weights: (T, S) attention weights; each row sums to 1.
    """

    source_tokens: list[str]
    target_tokens: list[str]
    weights: list[list[float]]


@dataclass(frozen=True, eq=False)
class Seq2SeqPredictor(TextGenerator):
    """A sequence-to-sequence model: it predicts for a source one record with the best texts and their scores.

    Args:
        run: the trained model, the first one of an ensemble.
        model: the model of the run, or an ensemble.
        limits: minimum and maximum lengths of texts.
        search: options of beam search or sampling.
        constraints: required and forbidden tokens of all texts.
        batch_tokens: maximum number of source tokens in a batch, each counted once per hypothesis.
    """

    run: TrainedSeq2Seq
    model: Seq2Seq | Ensemble
    limits: LengthLimits
    search: BeamSearch | Sampling
    constraints: LexicalConstraints = NO_CONSTRAINTS
    batch_tokens: int = BATCH_TOKENS
    task: ClassVar[str] = "seq2seq"

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Predict a list of one record for each source; samples depend on the source and the seed only."""
        return predict_batched(
            inputs, lambda text: [source_example(text)], lambda pairs: map(to_record, self._deterministic(pairs))
        )

    def generate(self, pairs: Iterable[ParallelExample]) -> Iterator[Generation]:
        """Generate texts for each source; samples also depend on the position of the source in the input."""
        return inference.generate(
            self.model, self.run.collate, pairs, self.limits, self.search, self.batch_tokens, self.constraints
        )

    def predict_examples(self, pairs: Iterable[ParallelExample]) -> Iterator[Record]:
        """Generate a record for each source, in order."""
        return map(to_record, self.generate(pairs))

    def with_max_new_tokens(self, limit: int) -> Self:
        """Return a predictor that generates at most this many tokens for each text."""
        return replace(self, limits=replace(self.limits, max_length=min(self.limits.max_length, limit)))

    def with_sampling(self, options: Mapping[str, Any]) -> Self:
        """Return a predictor that samples with the given options, by default the most probable token."""
        sampling = {key: value for key, value in options.items() if key != "length"}
        temperature = 1.0 if sampling else GREEDY_TEMPERATURE
        search = self.search if isinstance(self.search, Sampling) else Sampling(temperature, 0, 1.0, 1)
        limited = self.with_max_new_tokens(options.get("length", self.limits.max_length))
        return replace(limited, search=replace(search, **sampling))

    def stream_tokens(self, source: str) -> Iterator[str]:
        """Yield a text token by token: sampled or, instead of beam search, the most probable token of each step."""
        sampling = self.search if isinstance(self.search, Sampling) else Sampling(GREEDY_TEMPERATURE, 0, 1.0, 1)
        source = source_example(source)["source"]
        return inference.stream(self.model, self.run.collate, source, self.limits, sampling, self.constraints)

    def attention_size(self, text: str) -> int:
        """Return the tokens of a source times the most tokens that may be generated for it."""
        _, lengths = self.run.collate.encode_sources([source_example(text)["source"]])
        _, (longest,) = self.limits.bounds(lengths)
        return int(lengths) * (longest + 1)

    def attention_map_size(self, source: str, text: str) -> int:
        """Return the number of weights that `attention` would compute."""
        _, lengths = self.run.collate.encode_sources([source_example(source)["source"]])
        (ids,) = self.run.collate.target_tokenizer.encode([sanitize_text(text)])
        return int(lengths) * (len(ids) + 1)

    def attention(self, source: str, text: str) -> AttentionMap:
        """Compute the attention of the tokens of any text to a source."""
        (ids,) = self.run.collate.target_tokenizer.encode([sanitize_text(text)])
        return self.attention_for_ids(source_example(source)["source"], ids)

    def attention_for_ids(self, source: str, ids: Sequence[int]) -> AttentionMap:
        """Compute the attention for token ids, which may differ from those that `encode` returns for their text."""
        collate = self.run.collate
        source_ids = collate.encode_sources([source])[0][0].tolist()
        return AttentionMap(
            collate.source_tokenizer.ids_to_tokens(source_ids),
            collate.target_tokenizer.ids_to_tokens([*ids, EOS_ID]),
            inference.attention_map(self.model, collate, source, ids).tolist(),
        )

    def with_constraints(
        self, prefix: str = "", required: Sequence[str] = (), forbidden: Sequence[str] = ()
    ) -> "Seq2SeqPredictor":
        """Return a predictor whose texts begin with a prefix and contain all required phrases and no forbidden one.

        Raises:
            UserError: a phrase is not in the vocabulary, or too long.
        """
        tokenizer = self.run.collate.target_tokenizer

        def encode(key: str, texts: Sequence[str]) -> list[tuple[int, ...]]:
            encoded = [tuple(ids) for ids in tokenizer.encode([sanitize_text(text) for text in texts])]
            for text, ids in zip(texts, encoded, strict=True):
                if not ids or UNK_ID in ids:
                    details = "a part of it is unknown" if ids else "the phrase is empty"
                    raise UserError(f"{key}={text}: not in the vocabulary", details, "Use phrases of known words.")
            return encoded

        prefix_ids = encode("prefix", [prefix])[0] if prefix else ()
        required_ids, forbidden_ids = encode("required", required), encode("forbidden", forbidden)
        for text in forbidden:
            segmentations = tokenizer.segmentations(text, _MAX_SEGMENTATIONS)
            if len(segmentations) == _MAX_SEGMENTATIONS:
                details = f"it can be split into tokens in {_MAX_SEGMENTATIONS} ways or more"
                raise UserError(f"forbidden={text}: too long", details, "Use a shorter phrase.")
            forbidden_ids += segmentations
        return replace(self, constraints=LexicalConstraints(prefix_ids, tuple(required_ids), tuple(forbidden_ids)))

    def _deterministic(self, pairs: Iterable[ParallelExample]) -> Iterator[Generation]:
        """Generate texts whose samples do not depend on the position of the source."""
        return inference.generate(
            self.model,
            self.run.collate,
            pairs,
            self.limits,
            self.search,
            self.batch_tokens,
            self.constraints,
            independent_draws=False,
        )


def source_example(text: str) -> ParallelExample:
    """Make the example of a source text, joined into one line as in training."""
    return ParallelExample(id="1", source=sanitize_text(text).replace("\n", " "), target="", references=[])


def to_record(generation: Generation) -> Record:
    """Convert a source and its generated texts to a record, with log probabilities and scores."""
    texts = [
        {"text": text, "log_probability": hypothesis.log_prob, "score": hypothesis.score}
        for text, hypothesis in zip(generation.texts, generation.hypotheses, strict=True)
    ]
    return {"id": generation.pair["id"], "source": generation.pair["source"], "texts": texts}


def make_seq2seq_predictor(trained: TrainedSeq2Seq) -> Seq2SeqPredictor:
    """Make the predictor of a trained model, with the search options of its training."""
    return Seq2SeqPredictor(trained, trained.generator, *make_beam_search(search_config(trained.config)))
