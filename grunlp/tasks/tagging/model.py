"""The tagging network, which predicts a tag for every word, for named entities, chunks or parts of speech."""

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX, SentenceBatch, TagBatch
from grunlp.data.tag_schemes import detect_scheme
from grunlp.data.vocabulary import Vocabulary
from grunlp.decoding.nbest_viterbi import n_best
from grunlp.decoding.viterbi import PADDING_TAG, bio_transition_mask, viterbi
from grunlp.modules.crf import LinearChainCRF, check_decoder
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.tasks.tagging.options import TaggerOptions


class Tagger(nn.Module):
    """A tagger: a sentence encoder, scores of the tags, and decoding of the best sequence (Lample et al. 2016, §2).

    IOB2 tags are constrained to legal sequences; other tags may occur in any order. The probability of a sequence is
    computed from all scores divided by `temperature`, which `grunlp.tasks.tagging.temperature_scaling` fits.

    Args:
        options: sizes and regularization.
        vocabulary: words, characters and tags.
        pretrained: a pretrained encoder whose states are concatenated with the word embeddings, or None.

    Raises:
        ValueError: the decoder is unknown or does not support label smoothing.
    """

    temperature: Tensor

    def __init__(
        self, options: TaggerOptions, vocabulary: Vocabulary, pretrained: PretrainedEncoder | None = None
    ) -> None:
        super().__init__()
        check_decoder(options.decoder, options.label_smoothing)
        self.tags, self.label_smoothing = list(vocabulary.tags.items), options.label_smoothing
        self.encoder = SentenceEncoder(
            options,
            vocabulary,
            pretrained,
            input_dropout=options.input_dropout,
            word_dropout=options.word_dropout,
            word_shape_features=options.word_shape_features,
        )
        self.scores = nn.Linear(self.encoder.output_size + self.encoder.word_size, len(self.tags))
        if detect_scheme([self.tags]) is not None:
            constraints = bio_transition_mask(self.tags)
        else:
            constraints = torch.zeros(len(self.tags)), torch.zeros(len(self.tags), len(self.tags))
        self.crf = LinearChainCRF(*constraints)
        if options.decoder == "viterbi":  # only the constraints
            self.crf.requires_grad_(False)
        self.decoder = options.decoder
        self.register_buffer("temperature", torch.ones(()))

    def forward(self, batch: SentenceBatch) -> Tensor:
        """Compute unnormalized log-scores of the tags (B, T, K)."""
        states, words = self.encoder(batch)
        logits: Tensor = self.scores(torch.cat([states, words], dim=-1))
        return logits if self.decoder == "crf" else functional.log_softmax(logits, dim=-1)

    def loss(self, logits: Tensor, batch: TagBatch) -> Tensor:
        """Return the mean loss over the tokens of the batch."""
        num_tokens = batch.lengths.sum().clamp(min=1)
        if self.decoder == "crf":
            is_not_empty = batch.lengths > 0
            tags, lengths = batch.tags[is_not_empty].clamp(min=0), batch.lengths[is_not_empty]
            return -self.crf(logits[is_not_empty], tags, lengths).sum() / num_tokens
        total = functional.cross_entropy(
            logits.flatten(0, 1),
            batch.tags.flatten(),
            ignore_index=IGNORE_INDEX,
            label_smoothing=self.label_smoothing,
            reduction="sum",
        )
        return total / num_tokens

    @torch.no_grad()
    def decode(self, logits: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Return the best legal tags (B, T), `PADDING_TAG` at padding, and the tags of a plain argmax (B, T)."""
        best = torch.full(logits.shape[:2], PADDING_TAG, device=logits.device)
        is_not_empty = lengths > 0
        if is_not_empty.any():
            scores = self.crf.transition_scores()
            best[is_not_empty], _ = viterbi(logits[is_not_empty], lengths[is_not_empty], *scores)
        return best, logits.argmax(dim=-1)

    @torch.no_grad()
    def n_best(self, logits: Tensor, lengths: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Return the n best legal tag sequences (B, n, T) and their probabilities among all legal ones (B, n).

        Args:
            logits: (B, T, K), results of `forward`.
            lengths: (B,) each at least 1.
            n: number of sequences.
        """
        tags, scores = n_best(logits, lengths, *self.crf.transition_scores(), n)
        log_partition = self.crf.log_partition(logits, lengths, self.temperature)
        log_probs = (scores / self.temperature - log_partition[:, None]).clamp(max=0)  # rounding may exceed 0
        return tags, log_probs.exp()
