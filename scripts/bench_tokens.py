"""How well raw text is split into tokens and sentences, beside other tokenizers: half a minute.

    python scripts/bench_tokens.py [split=dev] [ud=UD_English-EWT] [propbank=propbank-release]

The paragraphs of the English Web Treebank (its UD form, which tells where blanks were) are split anew. A token or
sentence is right when both its ends are. Of spaCy (its rules for English with the sentencizer), syntok and NLTK those
that are installed are scored too: pip install spacy syntok nltk. Paths are folders or archives; without them
$GRUNLP_DATA/raw is used, else they are downloaded.
"""

import importlib.util
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from grunlp.configuration.key_value_args import parse_arguments
from grunlp.data.propbank.build import raw_archive
from grunlp.data.propbank.download import fetch_source
from grunlp.data.propbank.sources import PROPBANK_EWT, UD_EWT
from grunlp.data.sentence_splitter import split_sentences
from grunlp.metrics.span_counts import SpanCounts, count_matches
from grunlp.utils.cli import command

DEFAULTS: dict[str, Any] = {"split": "dev", "ud": None, "propbank": None}

SentenceTokenSpans = list[list[tuple[int, int]]]  # of each sentence the offsets of its tokens


class BenchmarkParagraph(NamedTuple):
    """A text and where its sentences and their tokens are."""

    text: str
    sentences: SentenceTokenSpans


def paragraphs(conllu: str) -> Iterator[BenchmarkParagraph]:
    """The paragraphs of a document, their text put together from the words and what is said of blanks."""
    text, inside, blank, new = "", 0, True, True
    sentences: SentenceTokenSpans = []
    for line in [*conllu.splitlines(), "# newpar"]:
        cells = line.split("\t")
        if line.startswith("# newpar") and sentences:
            yield BenchmarkParagraph(text.rstrip(), sentences)
            text, sentences = "", []
        elif line.startswith("# sent_id"):
            new = True
        elif "-" in cells[0] and len(cells) == 10:  # a word of several tokens: blanks are said of the whole
            inside, blank = int(cells[0].partition("-")[2]), "SpaceAfter=No" not in cells[9]
        elif cells[0].isdecimal():
            if new:
                sentences.append([])
                new = False
            sentences[-1].append((len(text), len(text) + len(cells[1])))
            within = int(cells[0]) < inside
            after = blank if int(cells[0]) == inside else "SpaceAfter=No" not in cells[9]
            text += cells[1] + ("" if within or not after else " ")
            inside = 0 if not within else inside


def tokenizers() -> Iterator[tuple[str, Callable[[str], SentenceTokenSpans]]]:
    """Ours and the others that are here."""
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
            except ValueError:  # it loses its way in some quotes
                return []

        yield "NLTK, tokens alone", tokens


@command(lambda arguments: str(__doc__))
def main(arguments: list[str]) -> int:
    """Split every paragraph with each and count."""
    given = parse_arguments(arguments, DEFAULTS)
    sources = {
        name: fetch_source(source, Path(given[name]) if given[name] else raw_archive(archive))
        for name, source, archive in (
            ("ud", UD_EWT, "UD_English-EWT-sources"),
            ("propbank", PROPBANK_EWT, "propbank-release-ewt"),
        )
    }
    listed = sources["propbank"][f"docs/evaluation/ewt.{given['split']}.txt"].decode().split()
    wanted = {f"{name.partition('/')[0]}/{name.rpartition('/')[2].removesuffix('.conllu')}.conllu" for name in listed}
    documents = [text.decode() for path, text in sources["ud"].items() if "/".join(path.split("/")[-2:]) in wanted]
    gold = [paragraph for document in documents for paragraph in paragraphs(document)]
    print(f"{given['split']}: {len(documents)} documents, {len(gold)} paragraphs")
    print(f"{'':22} token F1  sentence F1  tokens/s")
    for name, split in tokenizers():
        tokens, ends, count, seconds = SpanCounts(), SpanCounts(), 0, 0.0
        for text, sentences in gold:
            started = time.perf_counter()
            found = [sentence for sentence in split(text) if sentence]
            seconds += time.perf_counter() - started
            count += sum(map(len, found))
            tokens = tokens + count_matches({t for s in sentences for t in s}, {t for s in found for t in s})
            ends = ends + count_matches({(s[0][0], s[-1][1]) for s in sentences}, {(s[0][0], s[-1][1]) for s in found})
        print(f"{name:22} {tokens.f1:8.2f} {ends.f1:12.2f} {count / seconds:9.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
