"""Texts from texts: translations, summaries."""

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

_MAX_SEGMENTATIONS = 1000  # of a forbidden phrase in pieces


GREEDY_TEMPERATURE = 1e-6  # a temperature at which the likeliest word is always drawn


class AttentionMap(NamedTuple):
    """What was read for each piece of a text.

    read: S pieces of the source, its end included.
    target_tokens: T pieces of the text, its end included.
    weights: (T, S); each row adds up to 1.
    """

    read: list[str]
    target_tokens: list[str]
    weights: list[list[float]]


@dataclass(frozen=True, eq=False)
class Seq2SeqPredictor(TextGenerator):
    """A network that reads a text and writes another: one record with the texts, best first, and their scores.

    Args:
        run: the network with what belongs to it; the first of several.
        model: that of the run, or several together.
        limits: how long texts may become.
        search: how they are searched, or drawn.
        constraints: what all texts must and may not hold.
        batch_tokens: source tokens a batch, each counted once for each hypothesis; fewer need less memory.
    """

    run: TrainedSeq2Seq
    model: Seq2Seq | Ensemble
    limits: LengthLimits
    search: BeamSearch | Sampling
    constraints: LexicalConstraints = NO_CONSTRAINTS
    batch_tokens: int = BATCH_TOKENS
    task: ClassVar[str] = "seq2seq"

    def predict_iter(self, inputs: Iterable[str]) -> Iterator[list[Record]]:
        """Of each source a list of its one record. Drawn texts differ from source to source and seed to seed alone."""
        return predict_batched(
            inputs, lambda text: [source_example(text)], lambda pairs: map(to_record, self._deterministic(pairs))
        )

    def generate(self, pairs: Iterable[ParallelExample]) -> Iterator[Generation]:
        """What is written for each source; drawn texts also differ by their number."""
        return inference.generate(
            self.model, self.run.collate, pairs, self.limits, self.search, self.batch_tokens, self.constraints
        )

    def predict_examples(self, pairs: Iterable[ParallelExample]) -> Iterator[Record]:
        """Generate a record for each source, in order."""
        return map(to_record, self.generate(pairs))

    def with_max_new_tokens(self, limit: int) -> Self:
        """Return a predictor whose texts have at most this many tokens."""
        return replace(self, limits=replace(self.limits, max_length=min(self.limits.max_length, limit)))

    def with_sampling(self, options: Mapping[str, Any]) -> Self:
        """Return a predictor that samples, or with other sampling options; the most probable token by default."""
        sampling = {key: value for key, value in options.items() if key != "length"}
        temperature = 1.0 if sampling else GREEDY_TEMPERATURE
        search = self.search if isinstance(self.search, Sampling) else Sampling(temperature, 0, 1.0, 1)
        limited = self.with_max_new_tokens(options.get("length", self.limits.max_length))
        return replace(limited, search=replace(search, **sampling))

    def stream_tokens(self, source: str) -> Iterator[str]:
        """A text piece by piece, each as soon as it is drawn; where texts are searched, the likeliest each time."""
        how = self.search if isinstance(self.search, Sampling) else Sampling(GREEDY_TEMPERATURE, 0, 1.0, 1)
        source = source_example(source)["source"]
        return inference.stream(self.model, self.run.collate, source, self.limits, how, self.constraints)

    def attention(self, source: str, text: str) -> AttentionMap:
        """What the network reads in a source while it writes a text, its own or another."""
        (ids,) = self.run.collate.target_tokenizer.encode([sanitize_text(text)])
        return self.attention_for_ids(source_example(source)["source"], ids)

    def attention_for_ids(self, source: str, ids: Sequence[int]) -> AttentionMap:
        """The same for the ids of a text, of which there may be others than `encode` gives."""
        collate = self.run.collate
        read = collate.encode_sources([source])[0][0].tolist()
        shares = inference.attention_map(self.model, collate, source, ids).tolist()
        return AttentionMap(
            collate.source_tokenizer.ids_to_tokens(read), collate.target_tokenizer.ids_to_tokens([*ids, EOS_ID]), shares
        )

    def with_constraints(
        self, prefix: str = "", required: Sequence[str] = (), forbidden: Sequence[str] = ()
    ) -> "Seq2SeqPredictor":
        """A writer whose texts begin with `prefix`, and hold all phrases that are required and none that is forbidden.

        Raises:
            UserError: a phrase is not in the vocabulary, or too long.
        """
        tokenizer = self.run.collate.target_tokenizer

        def encode(key: str, texts: Sequence[str]) -> list[tuple[int, ...]]:
            encoded = [tuple(ids) for ids in tokenizer.encode([sanitize_text(text) for text in texts])]
            for text, ids in zip(texts, encoded, strict=True):
                if not ids or UNK_ID in ids:
                    there = "a part of it is unknown" if ids else "there is an empty phrase"
                    raise UserError(f"{key}={text}: not in the vocabulary", there, "Type phrases of known words.")
            return encoded

        begin = encode("prefix", [prefix])[0] if prefix else ()
        needed, banned = encode("required", required), encode("forbidden", forbidden)
        for text in forbidden:
            spellings = tokenizer.segmentations(text, _MAX_SEGMENTATIONS)
            if len(spellings) == _MAX_SEGMENTATIONS:
                there = f"it can be split into pieces in {_MAX_SEGMENTATIONS} ways or more"
                raise UserError(f"forbidden={text}: too long", there, "Type a shorter phrase.")
            banned += spellings
        return replace(self, constraints=LexicalConstraints(begin, tuple(needed), tuple(banned)))

    def _deterministic(self, pairs: Iterable[ParallelExample]) -> Iterator[Generation]:
        """As `generate`, but with the number 0 for all, wherever they stand."""
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
    """A source on one line, as networks were trained to read it."""
    return ParallelExample(id="1", source=sanitize_text(text).replace("\n", " "), target="", references=[])


def to_record(generation: Generation) -> Record:
    """A source, and its texts with their log probability and what they were ranked by."""
    texts = [
        {"text": text, "log_probability": found.log_prob, "score": found.score}
        for text, found in zip(generation.texts, generation.hypotheses, strict=True)
    ]
    return {"id": generation.pair["id"], "source": generation.pair["source"], "texts": texts}


def make_seq2seq_predictor(trained: TrainedSeq2Seq) -> Seq2SeqPredictor:
    """Make the predictor of a trained model, with the search of its training."""
    return Seq2SeqPredictor(trained, trained.generator, *make_beam_search(search_config(trained.config)))
