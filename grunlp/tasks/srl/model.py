"""The network for semantic role labelling: it finds predicates, their senses and their arguments."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX, SRLBatch
from grunlp.data.vocabulary import Vocabulary
from grunlp.decoding.viterbi import bio_transition_mask, predicate_tag_mask, viterbi_bio
from grunlp.modules.crf import LinearChainCRF, check_decoder
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.sentence_encoder import SentenceEncoder
from grunlp.modules.transformer_encoder import PretrainedEncoder
from grunlp.tasks.srl.options import SRLModelOptions


class EncoderOutput(NamedTuple):
    """Encoded sentences, before any predicate is chosen.

    Attributes:
        states: (B, T, E) encoder states concatenated with word representations.
        predicate_logits: (B, T) log-odds of being a predicate.
        pos_logits: (B, T, number of parts of speech) scores of the parts of speech, or None.
    """

    states: Tensor
    predicate_logits: Tensor
    pos_logits: Tensor | None


class SRLLogits(NamedTuple):
    """Unnormalized log-scores of a batch.

    Attributes:
        encoder_output: the encoded sentences.
        role_logits: (P, T, K) scores of the tags.
        sense_logits: (P, R) scores of the candidate rolesets of each predicate, -inf at padding; None without rolesets.
    """

    encoder_output: EncoderOutput
    role_logits: Tensor
    sense_logits: Tensor | None


class SenseClassifier(nn.Module):
    """Classifier of senses, which scores candidate roleset r of word x with particle f: (v_r + u_f) · tanh(W x) + b_r.

    u_f is shared by all rolesets with the same particle and by light verbs: the difference between `give` and `give up`
    is similar to that between `eat` and `eat up`. b_r is initialized with the logarithm of the training count. A
    roleset that does not occur in the training data has v_r = 0, so that only its particle, if any, and b_r determine
    its score: among the unseen rolesets of a word without particles the first has the highest score, and it is chosen
    only if no seen roleset is likely.

    Args:
        input_size: number of features of x, the state of a predicate in its sentence.
        size: number of features of v_r.
        counts: training count of each roleset; id 0 means none.
        particle_ids: particle of each roleset; 0 means none.
    """

    particle_ids: Tensor

    def __init__(self, input_size: int, size: int, counts: Sequence[int], particle_ids: Sequence[int]) -> None:
        super().__init__()
        self.features = nn.Linear(input_size, size)
        self.rolesets = nn.Embedding(len(counts), size, padding_idx=0)
        self.particles = nn.Embedding(max(particle_ids) + 1, size, padding_idx=0) if any(particle_ids) else None
        self.prior = nn.Embedding(len(counts), 1, padding_idx=0)
        self.register_buffer("particle_ids", torch.tensor(particle_ids), persistent=False)
        is_seen = torch.tensor(counts)[:, None] > 0
        self.rolesets.weight.data.normal_(std=0.1).mul_(is_seen)
        if self.particles is not None:
            self.particles.weight.data.zero_()
        self.prior.weight.data[:, 0] = torch.tensor(counts).add(0.1).log()

    def forward(self, x: Tensor, candidates: Tensor) -> Tensor:
        """Score the candidates (P, R), padded with 0, of predicates x (P, input_size) → (P, R), -inf at padding."""
        features = self.features(x).tanh()[:, :, None]  # (P, size, 1)
        rolesets = self.rolesets(candidates)  # (P, R, size)
        if self.particles is not None:
            rolesets = rolesets + self.particles(self.particle_ids[candidates])
        scores = rolesets.matmul(features) + self.prior(candidates)  # (P, R, 1)
        return scores[:, :, 0].masked_fill(candidates == 0, -torch.inf)


class SRLModel(nn.Module):
    """A network that finds the predicates of a sentence, and the sense and the roles of each.

    A sentence is encoded once by a stacked BiGRU, which gives the probability that each word is a predicate. For each
    predicate p, given or detected, a small BiGRU then reads

        x_t = A [h_t; w_t] + B [h_p; w_p] + D[t - p] + e

    (h: encoder states; w: word representations; D: an embedding of the signed, clipped distance; e: a vector added only
    for sentences of `data.extra_train`, so that the annotation style of that data does not affect predictions for the
    main corpus). Tags are scored from its states concatenated with x_t, and the sense from the same features at p. A
    and B are applied once for each token, not for each pair, so that an additional predicate only costs one run of the
    small BiGRU.

    Args:
        options: sizes, regularization and loss weights.
        vocabulary: words, characters, tags, rolesets and parts of speech.
        pretrained: a pretrained encoder whose states are concatenated with the word embeddings, or None.
        corpus_embedding: whether the training data include `data.extra_train`.

    Raises:
        ValueError: the decoder is unknown or does not support label smoothing.
    """

    def __init__(
        self,
        options: SRLModelOptions,
        vocabulary: Vocabulary,
        pretrained: PretrainedEncoder | None = None,
        corpus_embedding: bool = False,
    ) -> None:
        super().__init__()
        check_decoder(options.decoder, options.label_smoothing)
        self.options, self.tags, rolesets = options, list(vocabulary.tags.items), vocabulary.rolesets
        self.encoder = SentenceEncoder(
            options, vocabulary, pretrained, input_dropout=options.input_dropout, word_dropout=options.word_dropout
        )
        self.dropout = VariationalDropout(options.dropout)
        size, token_size = options.predicate_size, self.encoder.output_size + self.encoder.word_size
        has_pos = len(vocabulary.pos) > 1 and options.pos_tag_loss_weight > 0
        self.pos = nn.Linear(self.encoder.output_size, len(vocabulary.pos)) if has_pos else None
        self.predicates = nn.Sequential(nn.Linear(token_size, size), nn.Tanh(), nn.Linear(size, 1))
        self.token = nn.Linear(token_size, size)
        self.head = nn.Linear(token_size, size, bias=False)
        self.distances = nn.Embedding(2 * options.max_relative_distance + 1, size)
        nn.init.normal_(self.distances.weight, std=0.3)
        self.extra = nn.Parameter(torch.zeros(size)) if corpus_embedding else None
        self.predicate_gru = StackedGRU(
            input_size=size,
            hidden_size=options.predicate_hidden_size,
            num_layers=options.predicate_num_layers,
            bidirectional=True,
            dropout=options.dropout,
            residual=options.residual,
            cell=options.cell,
        )
        output_size = self.predicate_gru.output_size + size
        self.roles = nn.Linear(output_size, len(self.tags))
        has_senses = len(rolesets.counts) > 1
        sizes = (output_size + token_size, size)
        self.senses = SenseClassifier(*sizes, rolesets.counts, rolesets.particle_ids) if has_senses else None
        self.crf = LinearChainCRF(*bio_transition_mask(self.tags)) if options.decoder == "crf" else None

    def forward(self, batch: SRLBatch) -> SRLLogits:
        """Score the predicates of the batch."""
        return self.label(self.encode(batch), batch)

    def encode(self, batch: SRLBatch) -> EncoderOutput:
        """Encode each sentence once, independently of its predicates."""
        states, words = self.encoder(batch)  # (B, T, 2H), (B, T, W)
        pos_logits = self.pos(states) if self.pos is not None else None
        states = torch.cat([states, words], dim=-1)  # (B, T, 2H + W)
        return EncoderOutput(states, self.predicates(states)[:, :, 0], pos_logits)

    def label(self, encoder_output: EncoderOutput, batch: SRLBatch) -> SRLLogits:
        """Score the roles and senses of the predicates of the batch, given its encoded sentences."""
        states = encoder_output.states[batch.sentence_index, batch.predicate_index]  # (P, E)
        tokens = self.token(encoder_output.states)[batch.sentence_index]  # (P, T, M)
        inputs = tokens + self.head(states)[:, None] + self._position_features(batch)
        outputs, _ = self.predicate_gru(inputs, batch.predicate_lengths)  # (P, T, 2H')
        outputs = self.dropout(torch.cat([outputs, inputs], dim=-1))  # (P, T, 2H' + M)
        sense_logits = None
        if self.senses is not None:
            rows = torch.arange(outputs.shape[0], device=outputs.device)
            features = torch.cat([outputs[rows, batch.predicate_index], states], dim=-1)  # (P, 2H' + M + E)
            sense_logits = self.senses(features, batch.predicate_sense_candidates)
        return SRLLogits(encoder_output, self.roles(outputs), sense_logits)

    def _position_features(self, batch: SRLBatch) -> Tensor:
        """Embed the distance of each token to the predicate, and whether the sentence is from the extra corpus."""
        limit = self.options.max_relative_distance
        positions = torch.arange(batch.words.shape[1], device=batch.words.device)
        offsets = (positions - batch.predicate_index[:, None]).clamp(-limit, limit)  # (P, T)
        features: Tensor = self.distances(offsets + limit)  # (P, T, M)
        return features if self.extra is None else features + batch.from_extra_corpus[:, None, None] * self.extra

    def loss(self, logits: SRLLogits, batch: SRLBatch) -> Tensor:
        """Return the mean tag loss plus the weighted mean losses of predicates, senses and parts of speech."""
        options = self.options
        if self.crf is None:
            loss = _cross_entropy(logits.role_logits, batch.tags, options.label_smoothing)
        else:
            log_likelihood = self.crf(logits.role_logits, batch.tags.clamp(min=0), batch.predicate_lengths)
            loss = -log_likelihood.sum() / batch.predicate_lengths.sum().clamp(min=1)
        is_labelled = batch.is_predicate != IGNORE_INDEX
        odds = logits.encoder_output.predicate_logits[is_labelled]
        targets = batch.is_predicate[is_labelled].float()
        predicate_loss = functional.binary_cross_entropy_with_logits(odds, targets, reduction="sum")
        loss = loss + options.predicate_loss_weight * (predicate_loss / max(1, len(odds)))
        if logits.sense_logits is not None:
            sense_loss = _cross_entropy(logits.sense_logits, self.sense_targets(batch), 0.0)
            loss = loss + options.sense_loss_weight * sense_loss
        if logits.encoder_output.pos_logits is not None:
            pos_loss = _cross_entropy(logits.encoder_output.pos_logits, batch.pos, 0.0)
            loss = loss + options.pos_tag_loss_weight * pos_loss
        return loss

    @staticmethod
    def sense_targets(batch: SRLBatch) -> Tensor:
        """Return the position (P,) of the gold roleset among the candidates of each predicate, or IGNORE_INDEX."""
        is_gold = (batch.predicate_sense_candidates == batch.roleset[:, None]) & (batch.roleset != 0)[:, None]  # (P, R)
        return is_gold.int().argmax(dim=1).masked_fill(~is_gold.any(dim=1), IGNORE_INDEX)

    @torch.no_grad()
    def detect_predicates(self, encoder_output: EncoderOutput, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """Return the sentence and token (P,) of the words with a predicate probability above 1/2, in order."""
        tokens = torch.arange(batch.words.shape[1], device=batch.words.device)
        is_predicate = (encoder_output.predicate_logits > 0) & (tokens < batch.lengths[:, None])  # (B, T)
        sentence, predicate = is_predicate.nonzero(as_tuple=True)
        return sentence, predicate

    @torch.no_grad()
    def predict_senses(self, logits: SRLLogits, batch: SRLBatch) -> Tensor:
        """Return the id (P,) of the most likely roleset of each predicate; 0 if its word has no candidates."""
        if logits.sense_logits is None:
            return torch.zeros_like(batch.predicate_index)
        best = logits.sense_logits.argmax(dim=1, keepdim=True)
        return batch.predicate_sense_candidates.gather(1, best)[:, 0]

    @torch.no_grad()
    def decode(self, logits: SRLLogits, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """Return the best legal tags of each predicate, with B-V at the predicate, and the tags by plain argmax.

        Returns:
            two tensors (P, T) of tag ids, undefined at padding.
        """
        role_logits = logits.role_logits
        if role_logits.shape[0] == 0:
            empty = batch.predicate_index.new_zeros(role_logits.shape[:2])
            return empty, empty
        lengths = batch.predicate_lengths
        mask = predicate_tag_mask(self.tags, batch.predicate_index, lengths, role_logits.shape[1])
        if self.crf is None:
            best, _ = viterbi_bio(functional.log_softmax(role_logits, dim=-1), lengths, self.tags, mask)
        else:
            best, _ = self.crf.decode(role_logits, lengths, mask)
        return best, role_logits.argmax(dim=-1)


def _cross_entropy(logits: Tensor, targets: Tensor, label_smoothing: float) -> Tensor:
    """Return the mean cross-entropy over the targets that are not IGNORE_INDEX; 0 if there are none."""
    total = functional.cross_entropy(
        logits.flatten(0, -2),
        targets.flatten(),
        ignore_index=IGNORE_INDEX,
        label_smoothing=label_smoothing,
        reduction="sum",
    )
    return total / (targets != IGNORE_INDEX).sum().clamp(min=1)
