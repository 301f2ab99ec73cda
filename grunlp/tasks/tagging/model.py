"""A tag for every word: named entities, chunks, parts of speech."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX, SentenceBatch, TagBatch
from grunlp.data.tag_schemes import detect_scheme
from grunlp.decoding.nbest_viterbi import n_best
from grunlp.decoding.viterbi import PADDING_TAG, bio_transition_mask, viterbi
from grunlp.modules.crf import LinearChainCRF
from grunlp.modules.options import Decoder
from grunlp.modules.sentence_encoder import SentenceEncoder


class Tagger(nn.Module):
    """Words, spellings and shapes → stacked BiGRU → scores of the tags → the best sequence (Lample et al. 2016, §2).

    Where the tags are IOB2, its rules are kept whatever the scores; other tags may follow each other freely.
    Probabilities of sequences are those of all scores over `temperature`, which
    `grunlp.tasks.tagging.temperature_scaling` finds.

    Args:
        tags: the K tags.
        encoder: of the sentences.
        decoder: "crf" learns transitions between tags; "viterbi" scores each tag alone.
        label_smoothing: for "viterbi".
    """

    temperature: Tensor

    def __init__(
        self,
        tags: Sequence[str],
        encoder: SentenceEncoder,
        decoder: Decoder,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        if decoder not in ("viterbi", "crf"):
            raise ValueError(f"decoder is viterbi or crf, got {decoder!r}")
        if decoder == "crf" and label_smoothing:
            raise ValueError("label_smoothing has no effect on decoder=crf: set it to 0")
        self.tags, self.label_smoothing = list(tags), label_smoothing
        self.encoder = encoder
        self.scores = nn.Linear(encoder.output_size + encoder.word_size, len(self.tags))
        if detect_scheme([self.tags]) is not None:
            rules = bio_transition_mask(self.tags)
        else:
            rules = torch.zeros(len(self.tags)), torch.zeros(len(self.tags), len(self.tags))
        self.crf = LinearChainCRF(*rules)
        if decoder == "viterbi":  # the rules alone
            self.crf.requires_grad_(False)
        self.decoder = decoder
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, batch: SentenceBatch) -> Tensor:
        """(B, T, K) unnormalised log-scores of the tags."""
        states, words = self.encoder(batch)
        scores: Tensor = self.scores(torch.cat([states, words], dim=-1))
        return scores if self.decoder == "crf" else functional.log_softmax(scores, dim=-1)

    def loss(self, logits: Tensor, batch: TagBatch) -> Tensor:
        """Mean loss a token. `logits`: of this batch."""
        total = batch.lengths.sum().clamp(min=1)
        if self.decoder == "crf":
            some = batch.lengths > 0
            likelihood = self.crf(logits[some], batch.tags[some].clamp(min=0), batch.lengths[some])
            return -likelihood.sum() / total
        return (
            functional.cross_entropy(
                logits.flatten(0, 1),
                batch.tags.flatten(),
                ignore_index=IGNORE_INDEX,
                label_smoothing=self.label_smoothing,
                reduction="sum",
            )
            / total
        )

    @torch.no_grad()
    def decode(self, logits: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The best legal tags (B, T), `PADDING_TAG` beyond the lengths, and what a plain argmax would have said (B,
        T)."""
        best = torch.full(logits.shape[:2], PADDING_TAG, device=logits.device)
        some = lengths > 0
        if some.any():
            best[some], _ = viterbi(logits[some], lengths[some], *self.crf.transition_scores())
        return best, logits.argmax(dim=-1)

    @torch.no_grad()
    def n_best(self, logits: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """The n best legal tag sequences (B, n, T) and the probability of each among all legal ones (B, n).

        Args:
            logits: (B, T, K) as `forward` gives.
            lengths: (B,) each at least 1.
        """
        tags, found = n_best(logits, lengths, *self.crf.transition_scores(), n)
        whole = self.crf.log_partition(logits, lengths, self.temperature)
        return tags, (found / self.temperature - whole[:, None]).clamp(max=0).exp()  # rounding may pass 0
