"""Scores of generated text: BLEU and chrF by sacreBLEU, ROUGE by rouge-score."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from grunlp.metrics.corpus_metric import Metric, MetricScores, mean_metric
from grunlp.tasks.seq2seq.options import TextMetric

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")


@dataclass
class TextScores(MetricScores):
    """Outputs beside their references.

    Args:
        metric: "bleu" scores as translations: sacreBLEU (13a, cased; Post 2018) and chrF (Popović 2015), whose
            signatures
            say how; "rouge" as summaries: ROUGE-1, -2 and L (Lin 2004), F1 with stems of English words, L once over the
            whole text and once ("Lsum") by its lines, if it has several.
        outputs: one a source.
        references: of each source, one at least.
    """

    metric: TextMetric
    outputs: list[str]
    references: list[list[str]]

    def monitored_score(self) -> float:
        """What a training may watch: BLEU; or the mean of ROUGE-1, -2 and L. In percent."""
        if self.metric == "bleu":
            return _bleu().corpus_score(self.outputs, self._reference_streams()).score
        table = self._rouge(self.references)
        return float(np.mean([table[name].mean() for name in _ROUGE[:3]]))

    def each(self) -> list[float]:
        """A score of each text alone, in percent: chrF; or the mean of ROUGE-1, -2 and L."""
        if self.metric == "bleu":
            from sacrebleu.metrics import CHRF

            metric = CHRF()
            pairs = zip(self.outputs, self.references, strict=True)
            return [float(metric.sentence_score(text, references).score) for text, references in pairs]
        table = self._rouge(self.references)
        return [float(value) for value in np.mean([table[name] for name in _ROUGE[:3]], axis=0)]

    def compute_metrics(self) -> dict[str, Metric]:
        """Scores in percent."""
        return self._translation_metrics() if self.metric == "bleu" else self._summary_metrics()

    def _translation_metrics(self) -> dict[str, Metric]:
        from sacrebleu.metrics import CHRF

        found = {}
        for name, metric in (("bleu", _bleu()), ("chrf", CHRF())):
            # sacreBLEU's own bootstrap gives a mean and half a width, which may leave 0 to 100, and fails where some
            # draws score 0; the two methods here are those that it is made of
            counts = np.array(metric._extract_corpus_statistics(self.outputs, self._reference_streams()), dtype=float)

            def score(sums: NDArray[np.float64], metric: Any = metric) -> float:
                return float(metric._compute_score_from_stats(sums.tolist()).score)

            found[name] = Metric(counts, score, str(metric.get_signature()))
        pairs = zip(self.outputs, self.references, strict=True)
        exact = [_normalize_text(text) in map(_normalize_text, texts) for text, texts in pairs]
        how = "texts equal to a reference but for blanks, in percent"
        return {**found, "exact": mean_metric(100 * np.array(exact, dtype=float), how)}

    def _summary_metrics(self) -> dict[str, Metric]:
        found = {}
        single = [texts[:1] for texts in self.references]
        several = {"": single} | ({", best reference": self.references} if single != self.references else {})
        for suffix, references in several.items():
            for name, values in self._rouge(references).items():
                found[name + suffix] = mean_metric(values, "rouge-score, F1, stemmed, words of any script")
        return found

    def _rouge(self, references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """F1 in percent of each text by each measure."""
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(list(_ROUGE), tokenizer=_UnicodeWordTokenizer())
        scores = [scorer.score_multi(texts, text) for texts, text in zip(references, self.outputs, strict=True)]
        return {name: np.array([100 * score[name].fmeasure for score in scores]) for name in _ROUGE}

    def _reference_streams(self) -> Any:
        """References as sacreBLEU takes them: the first of each source, the second of each, ..."""
        most = max(map(len, self.references))
        return [[texts[i] if i < len(texts) else None for texts in self.references] for i in range(most)]


class _UnicodeWordTokenizer:
    """Words as rouge-score's own tokenizer has them, but of any script: that one sees a to z and 0 to 9 alone."""

    def __init__(self) -> None:
        from nltk.stem.porter import PorterStemmer

        self.stemmer = PorterStemmer()

    def tokenize(self, text: str) -> list[str]:
        """Runs of letters and digits; English words of more than three letters by their stems."""
        words = re.findall(r"[^\W_]+", text.lower())
        return [self.stemmer.stem(word) if len(word) > 3 and word.isascii() else word for word in words]


def _normalize_text(text: str) -> str:
    """Blanks and composed characters as tokenizers normalise them."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def _bleu() -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU()
