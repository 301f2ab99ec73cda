"""Scores of generated text: BLEU and chrF by sacreBLEU, ROUGE by rouge-score."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.data.word_tokenizer import UNSPACED_SCRIPTS
from grunlp.metrics.corpus_metric import Metric, MetricScores, mean_metric
from grunlp.tasks.seq2seq.options import MetricTokenizer, TextMetric
from grunlp.utils.errors import UserError

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")


@dataclass
class TextScores(MetricScores):
    """Scores of outputs against their references.

    Args:
        metric: "bleu" scores translations: sacreBLEU (cased; Post 2018) and chrF (Popović 2015), with their signatures
            as descriptions; "rouge" scores summaries: ROUGE-1, -2 and L (Lin 2004), F1 with stemmed English words; L is
            computed over the whole text and ("Lsum") by lines.
        outputs: one output for each source.
        references: the references of each source, at least one.
        tokenize: how texts are split: a tokenizer of sacreBLEU, or "char" for ROUGE; None: by the script of the
            references.
    """

    metric: TextMetric
    outputs: list[str]
    references: list[list[str]]
    tokenize: MetricTokenizer | None = None

    def monitored_score(self) -> float:
        """Compute the score monitored during training, in percent: BLEU, or the mean of ROUGE-1, -2 and L."""
        if self.metric == "bleu":
            return self._bleu().corpus_score(self.outputs, self._reference_streams()).score
        scores = self._rouge(self.references)
        return float(np.mean([scores[name].mean() for name in _ROUGE[:3]]))

    def score_each(self) -> list[float]:
        """Score each text by itself, in percent: chrF, or the mean of ROUGE-1, -2 and L."""
        if self.metric == "bleu":
            from sacrebleu.metrics import CHRF

            chrf = CHRF()
            pairs = zip(self.outputs, self.references, strict=True)
            return [float(chrf.sentence_score(text, references).score) for text, references in pairs]
        scores = self._rouge(self.references)
        return [float(value) for value in np.mean([scores[name] for name in _ROUGE[:3]], axis=0)]

    def compute_metrics(self) -> dict[str, Metric]:
        """Compute the scores, in percent."""
        return self._translation_metrics() if self.metric == "bleu" else self._summary_metrics()

    def _translation_metrics(self) -> dict[str, Metric]:
        from sacrebleu.metrics import CHRF

        metrics = {}
        for name, metric in (("bleu", self._bleu()), ("chrf", CHRF())):
            # sacreBLEU's own bootstrap reports a mean and half-width, which may exceed 0 to 100, and fails if some
            # resamples score 0. These two methods are the ones that it is made of.
            counts = np.array(metric._extract_corpus_statistics(self.outputs, self._reference_streams()), dtype=float)

            def score(sums: NDArray[np.float64], metric: Any = metric) -> float:
                return float(metric._compute_score_from_stats(sums.tolist()).score)

            metrics[name] = Metric(counts, score, str(metric.get_signature()))
        pairs = zip(self.outputs, self.references, strict=True)
        exact = [_normalize_text(text) in map(_normalize_text, references) for text, references in pairs]
        description = "% of outputs equal to a reference except for white space"
        return {**metrics, "exact": mean_metric(100 * np.array(exact, dtype=float), description)}

    def _summary_metrics(self) -> dict[str, Metric]:
        metrics = {}
        first = [references[:1] for references in self.references]
        variants = {"": first} | ({", best reference": self.references} if first != self.references else {})
        for suffix, references in variants.items():
            for name, values in self._rouge(references).items():
                metrics[name + suffix] = mean_metric(values, f"rouge-score, F1, stemmed, {self._rouge_units()}")
        return metrics

    def _rouge(self, references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """Compute F1 of each text in percent, by metric."""
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(list(_ROUGE), tokenizer=_UnicodeWordTokenizer(self.tokenize == "char"))
        scores = [scorer.score_multi(texts, output) for texts, output in zip(references, self.outputs, strict=True)]
        return {name: np.array([100 * score[name].fmeasure for score in scores]) for name in _ROUGE}

    def _bleu(self) -> Any:
        from sacrebleu.metrics import BLEU

        tokenize = self.tokenize or tokenizer_for_script(text for texts in self.references for text in texts)
        try:
            return BLEU(tokenize=tokenize)
        except (ImportError, RuntimeError) as error:  # a tokenizer that needs another package
            raise UserError(
                f"metric_tokenize={tokenize} cannot be used", str(error).splitlines()[0], "Type metric_tokenize=char"
            ) from None

    def _rouge_units(self) -> str:
        if self.tokenize == "char":
            return "characters"
        texts = (text for texts in self.references for text in texts)
        return "words of any script" if tokenizer_for_script(texts) == "13a" else "characters of scripts without blanks"

    def _reference_streams(self) -> Any:
        """Transpose the references for sacreBLEU: the first ones of all sources, then the second ones, and so on."""
        count = max(map(len, self.references))
        return [[texts[i] if i < len(texts) else None for texts in self.references] for i in range(count)]


_UNSPACED_LETTER = re.compile(f"[{UNSPACED_SCRIPTS}]")
_HAN, _KANA = re.compile("[\u4e00-\u9fff]"), re.compile("[\u3041-\u30ff]")
_WORD_OR_CHARACTER = re.compile(rf"[{UNSPACED_SCRIPTS}]|[^\W_{UNSPACED_SCRIPTS}]+")


def tokenizer_for_script(texts: Iterable[str]) -> MetricTokenizer:
    """Return sacreBLEU's tokenizer for the script of most letters: zh, char, or 13a, which splits at blanks."""
    joined = "".join(texts)
    unspaced = len(_UNSPACED_LETTER.findall(joined))
    if 2 * unspaced <= sum(map(str.isalpha, joined)):
        return "13a"
    return "char" if _KANA.search(joined) or not _HAN.search(joined) else "zh"


class _UnicodeWordTokenizer:
    """A tokenizer like rouge-score's own, but for any script instead of only a to z and 0 to 9.

    Args:
        characters: whether each letter and digit is a token; else only those of scripts without blanks are.
    """

    def __init__(self, characters: bool) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stemmer, self.characters = PorterStemmer(), characters

    def tokenize(self, text: str) -> list[str]:
        """Split a text into runs of letters and digits; stem English words of more than three letters."""
        words = re.findall(r"[^\W_]", text.lower()) if self.characters else _WORD_OR_CHARACTER.findall(text.lower())
        return [self.stemmer.stem(word) if len(word) > 3 and word.isascii() else word for word in words]


def _normalize_text(text: str) -> str:
    """Normalize white space and composed characters as tokenizers do."""
    return " ".join(unicodedata.normalize("NFC", text).split())
