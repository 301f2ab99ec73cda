"""Compare grunlp's tokenizer and sentence splitter with spaCy, syntok and NLTK.

    python scripts/bench_tokens.py [split=dev] [ud=UD_English-EWT] [propbank=propbank-release]

It takes about half a minute. The text is that of the English Web Treebank in Universal Dependencies format, which
records the whitespace between tokens. A token or sentence counts as correct if its start and end both match. spaCy
(English rules with the sentencizer), syntok and NLTK are included if installed: pip install spacy syntok nltk. The
values of ud= and propbank= are folders or archives; by default they are read from $GRUNLP_DATA/raw or downloaded.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from grunlp.configuration.options import option, parse_options
from grunlp.data.propbank.build import raw_archive
from grunlp.data.propbank.download import fetch_source
from grunlp.data.propbank.sources import PROPBANK_EWT, UD_EWT
from grunlp.data.sentence_splitter import split_sentences
from grunlp.metrics.span_counts import SpanCounts, count_matches
from grunlp.utils.cli import command


@dataclass
class Options:
    """Options of this script."""

    split: Literal["train", "dev", "test"] = option("dev", "split to measure")
    ud: str | None = option(None, "sources of UD English EWT; null: downloaded", content="path")
    propbank: str | None = option(None, "the PropBank release; null: downloaded", content="path")


SentenceTokenSpans = list[list[tuple[int, int]]]  # (start, end) of each token of each sentence


class BenchmarkParagraph(NamedTuple):
    """The text of a paragraph with the spans of its tokens, by sentence."""

    text: str
    sentences: SentenceTokenSpans


def paragraphs(conllu: str) -> Iterator[BenchmarkParagraph]:
    """Yield the paragraphs of a CoNLL-U document; words and SpaceAfter attributes give the text."""
    text, multiword_end, space_after_multiword, starts_sentence = "", 0, True, True
    sentences: SentenceTokenSpans = []
    for line in [*conllu.splitlines(), "# newpar"]:
        cells = line.split("\t")
        if line.startswith("# newpar") and sentences:
            yield BenchmarkParagraph(text.rstrip(), sentences)
            text, sentences = "", []
        elif line.startswith("# sent_id"):
            starts_sentence = True
        elif "-" in cells[0] and len(cells) == 10:  # a multiword token carries its own SpaceAfter
            multiword_end, space_after_multiword = int(cells[0].partition("-")[2]), "SpaceAfter=No" not in cells[9]
        elif cells[0].isdecimal():
            if starts_sentence:
                sentences.append([])
                starts_sentence = False
            sentences[-1].append((len(text), len(text) + len(cells[1])))
            in_multiword = int(cells[0]) < multiword_end
            ends_multiword = int(cells[0]) == multiword_end
            space_after = space_after_multiword if ends_multiword else "SpaceAfter=No" not in cells[9]
            text += cells[1] + ("" if in_multiword or not space_after else " ")
            multiword_end = multiword_end if in_multiword else 0


def tokenizers() -> Iterator[tuple[str, Callable[[str], SentenceTokenSpans]]]:
    """Yield name and function of grunlp's tokenizer and of each other tokenizer that is installed."""
    yield "grunlp", lambda text: [[(t.start, t.end) for t in s.tokens] for s in split_sentences(text)]
    if importlib.util.find_spec("spacy"):
        import spacy

        english = spacy.blank("en")
        english.add_pipe("sentencizer")
        yield (
            f"spaCy {spacy.__version__}",
            lambda text: [[(t.idx, t.idx + len(t)) for t in s if not t.is_space] for s in english(text).sents],
        )
    if importlib.util.find_spec("syntok"):
        from syntok import segmenter

        yield (
            "syntok",
            lambda text: [[(t.offset, t.offset + len(t.value)) for t in s] for p in segmenter.analyze(text) for s in p],
        )
    if importlib.util.find_spec("nltk"):
        from nltk.tokenize import NLTKWordTokenizer

        def tokens(text: str) -> SentenceTokenSpans:
            try:
                return [list(NLTKWordTokenizer().span_tokenize(text))]
            except ValueError:  # raised for some texts with quotation marks
                return []

        yield "NLTK, tokens only", tokens


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Split every paragraph with every tokenizer and print the scores."""
    options = parse_options(arguments, Options)
    sources = {
        name: fetch_source(source, Path(path) if (path := getattr(options, name)) else raw_archive(archive))
        for name, source, archive in (
            ("ud", UD_EWT, "UD_English-EWT-sources"),
            ("propbank", PROPBANK_EWT, "propbank-release-ewt"),
        )
    }
    listed = sources["propbank"][f"docs/evaluation/ewt.{options.split}.txt"].decode().split()
    paths = {f"{name.partition('/')[0]}/{name.rpartition('/')[2].removesuffix('.conllu')}.conllu" for name in listed}
    documents = [text.decode() for path, text in sources["ud"].items() if "/".join(path.split("/")[-2:]) in paths]
    gold = [paragraph for document in documents for paragraph in paragraphs(document)]
    print(f"{options.split}: {len(documents)} documents, {len(gold)} paragraphs")
    print(f"{'':22} token F1  sentence F1  tokens/s")
    for name, tokenize in tokenizers():
        token_counts, sentence_counts, count, seconds = SpanCounts(), SpanCounts(), 0, 0.0
        for text, sentences in gold:
            started = time.perf_counter()
            predicted = [sentence for sentence in tokenize(text) if sentence]
            seconds += time.perf_counter() - started
            count += sum(map(len, predicted))
            token_counts = token_counts + count_matches(
                {t for s in sentences for t in s}, {t for s in predicted for t in s}
            )
            gold_spans, predicted_spans = ({(s[0][0], s[-1][1]) for s in split} for split in (sentences, predicted))
            sentence_counts = sentence_counts + count_matches(gold_spans, predicted_spans)
        print(f"{name:22} {token_counts.f1:8.2f} {sentence_counts.f1:12.2f} {count / seconds:9.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
