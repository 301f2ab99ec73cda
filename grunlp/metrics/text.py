"""Scores of generated text: BLEU and chrF by sacreBLEU, ROUGE by rouge-score."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Kind = Literal["bleu", "rouge"]
_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
_RESAMPLES = 1000


@dataclass
class TextScores:
    """Outputs beside their references.

    Args:
        kind: "bleu" scores as translations: sacreBLEU (13a, cased; Post 2018) and chrF (Popović 2015), whose signatures
            say how; "rouge" as summaries: ROUGE-1, -2 and L (Lin 2004), F1 with stemming, L once over the whole text
            and once ("Lsum") by lines.
        outputs: one a source.
        references: of each source, one at least.
    """

    kind: Kind
    outputs: list[str]
    references: list[list[str]]

    def overall(self) -> float:
        """What a training may watch: BLEU; or the mean of ROUGE-1, -2 and L. In percent."""
        if self.kind == "bleu":
            return _bleu().corpus_score(self.outputs, self._streams()).score
        table = self._rouge(self.references)
        return float(np.mean([table[name].mean() for name in _ROUGE[:3]]))

    def as_dict(self) -> dict[str, Any]:
        """Scores in percent, each with a 95 % bootstrap interval over texts, and how they were counted."""
        return self._translation() if self.kind == "bleu" else self._summary()

    def report(self) -> str:
        """A line a score."""
        lines = []
        for name, score in self.as_dict().items():
            low, high = score["interval"]
            lines.append(f"{name:28} {score['score']:6.2f}   95 % interval {low:.2f} to {high:.2f}   {score['how']}")
        return "\n".join(lines) + "\n"

    def _translation(self) -> dict[str, Any]:
        from sacrebleu.metrics import CHRF

        result = {}
        for name, metric in (("bleu", _bleu()), ("chrf", CHRF())):
            score = metric.corpus_score(self.outputs, self._streams(), n_bootstrap=_RESAMPLES)
            # sacreBLEU gives the middle and half the width of its interval
            interval = [float(score._mean - score._ci), float(score._mean + score._ci)]
            result[name] = {"score": float(score.score), "interval": interval, "how": str(metric.get_signature())}
        exact = [text in texts for text, texts in zip(self.outputs, self.references, strict=True)]
        result["exact"] = _mean(100 * np.array(exact, dtype=float), "texts equal to a reference, in percent")
        return result

    def _summary(self) -> dict[str, Any]:
        result = {}
        single = [texts[:1] for texts in self.references]
        several = {"": single} | ({", best reference": self.references} if single != self.references else {})
        for suffix, references in several.items():
            for name, values in self._rouge(references).items():
                result[name + suffix] = _mean(values, "rouge-score, F1, stemmed")
        return result

    def _rouge(self, references: Sequence[Sequence[str]]) -> dict[str, np.ndarray]:
        """F1 in percent of each text by each measure."""
        from rouge_score.rouge_scorer import RougeScorer

        scorer = RougeScorer(list(_ROUGE), use_stemmer=True)
        scores = [scorer.score_multi(texts, text) for texts, text in zip(references, self.outputs, strict=True)]
        return {name: np.array([100 * score[name].fmeasure for score in scores]) for name in _ROUGE}

    def _streams(self) -> Any:
        """References as sacreBLEU takes them: the first of each source, the second of each, ..."""
        most = max(map(len, self.references))
        return [[texts[i] if i < len(texts) else None for texts in self.references] for i in range(most)]


def _mean(values: np.ndarray, how: str) -> dict[str, Any]:
    """The mean over texts with its 95 % bootstrap interval."""
    draws = np.random.default_rng(0).integers(len(values), size=(_RESAMPLES, len(values)))
    interval = np.percentile(values[draws].mean(axis=1), (2.5, 97.5)).tolist()
    return {"score": float(values.mean()), "interval": interval, "how": how}


def _bleu() -> Any:
    from sacrebleu.metrics import BLEU

    return BLEU()
