"""Semantic role labelling: which words are predicates, in which sense, and who did what to whom."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORE_INDEX, SRLBatch
from grunlp.decoding.viterbi import bio_transition_mask, predicate_tag_mask, viterbi_bio
from grunlp.modules.crf import LinearChainCRF
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import Cell, Decoder, Residual
from grunlp.modules.sentence_encoder import SentenceEncoder


class EncoderOutput(NamedTuple):
    """What the network knows of sentences before it is told their predicates.

    states: (B, T, E) of the encoder beside the representation of the words.
    predicate_logits: (B, T) log-odds of being a predicate.
    pos_logits: (B, T, number of tags) unnormalised log-scores of parts of speech, or None.
    """

    states: Tensor
    predicate_logits: Tensor
    pos_logits: Tensor | None


class SRLLogits(NamedTuple):
    """Unnormalised log-scores.

    encoder_output: of the sentences.
    role_logits: (P, T, K) of the tags.
    sense_logits: (P, R) of the candidates of each predicate, -inf beyond them; None without rolesets.
    """

    encoder_output: EncoderOutput
    role_logits: Tensor
    sense_logits: Tensor | None


class SenseClassifier(nn.Module):
    """Scores the rolesets a word may have: (v_r + u_f) · tanh(W x) + b_r.

    u_f belongs to all rolesets of the same particle, and to light verbs: what tells `give up` from `give` tells
    `eat up` from `eat`. b_r starts at the logarithm of the training count. A roleset never seen in training has
    v_r = 0, so that only its particle, if any, and b_r speak for it: of a word's unseen plain rolesets the first is
    chosen, and only where none that was seen is likely.

    Args:
        input_size: features of a predicate in its sentence, x.
        size: features of v_r.
        counts: training count of each of the rolesets; id 0 is none.
        particle_ids: number of the particle of each; 0 is none.
    """

    particle_ids: Tensor

    def __init__(self, input_size: int, size: int, counts: Sequence[int], particle_ids: Sequence[int]) -> None:
        super().__init__()
        self.features = nn.Linear(input_size, size)
        self.rolesets = nn.Embedding(len(counts), size, padding_idx=0)
        self.particles = nn.Embedding(max(particle_ids) + 1, size, padding_idx=0) if any(particle_ids) else None
        self.prior = nn.Embedding(len(counts), 1, padding_idx=0)
        self.register_buffer("particle_ids", torch.tensor(particle_ids), persistent=False)
        seen = torch.tensor(counts)[:, None] > 0
        self.rolesets.weight.data.normal_(std=0.1).mul_(seen)
        if self.particles is not None:
            self.particles.weight.data.zero_()
        self.prior.weight.data[:, 0] = torch.tensor(counts).add(0.1).log()

    def forward(self, x: Tensor, candidates: Tensor) -> Tensor:
        """x: (P, input_size); candidates: (P, R) ids, 0 beyond the last → (P, R), -inf there."""
        features = self.features(x).tanh()[:, :, None]  # (P, size, 1)
        rolesets = self.rolesets(candidates)  # (P, R, size)
        if self.particles is not None:
            rolesets = rolesets + self.particles(self.particle_ids[candidates])
        scores = rolesets.matmul(features) + self.prior(candidates)  # (P, R, 1)
        return scores[:, :, 0].masked_fill(candidates == 0, -torch.inf)


class SRLModel(nn.Module):
    """Words and spellings → stacked BiGRU over each sentence → predicates → BiGRU a predicate → its sense and roles.

    A sentence is encoded once, which tells how likely each word is a predicate. For each predicate p, given or found, a
    small BiGRU then reads

        x_t = A [h_t; w_t] + B [h_p; w_p] + D[t - p] + e

    (h: encoder states, w: word representations, D: a table of signed distances, clipped; e: a vector that sentences of
    `data.extra_train` alone add, so that the habits of their annotators are not taken for the corpus's). Tags are
    scored from
    its states and x_t together, the sense from both at p. A and B are applied once a token, not once a pair, so that
    labelling another predicate costs the small BiGRU alone.

    Args:
        tags: the K tags.
        encoder: of the sentences.
        roleset_counts: training count of each roleset id; only id 0, none, when the training data names no rolesets.
        particle_ids: number of the particle of each, see `SenseClassifier`.
        num_pos: parts of speech, that of none among them; 0 when the training data has none.
        predicate_hidden_size, predicate_num_layers: of the BiGRU a predicate.
        predicate_size: features of x_t above.
        corpus_embedding: whether part of the training data is `data.extra_train`.
        max_relative_distance: tokens beyond which distances are not told apart.
        residual, cell: of the BiGRU a predicate, see `StackedGRU`.
        dropout: variational, between its layers and of its states.
        decoder: "viterbi" scores each tag alone and finds the best legal sequence; "crf" learns transitions as well.
        label_smoothing: of the tags, for "viterbi".
        predicate_weight, sense_weight: of these losses beside that of the roles.
        pos_tag_loss_weight: weight of predicting parts of speech from the encoder's states, which helps them in small
            data;
            0 leaves it out.
    """

    def __init__(
        self,
        tags: Sequence[str],
        encoder: SentenceEncoder,
        roleset_counts: Sequence[int],
        particle_ids: Sequence[int],
        num_pos: int,
        predicate_hidden_size: int,
        predicate_num_layers: int,
        predicate_size: int,
        corpus_embedding: bool,
        max_relative_distance: int,
        residual: Residual,
        cell: Cell,
        dropout: float,
        decoder: Decoder,
        label_smoothing: float,
        predicate_loss_weight: float,
        sense_loss_weight: float,
        pos_tag_loss_weight: float,
    ) -> None:
        super().__init__()
        if decoder not in ("viterbi", "crf"):
            raise ValueError(f"decoder is viterbi or crf, got {decoder!r}")
        if decoder == "crf" and label_smoothing:
            raise ValueError("label_smoothing has no effect on decoder=crf: set it to 0")
        self.tags, self.max_relative_distance, self.label_smoothing = list(tags), max_relative_distance, label_smoothing
        self.predicate_loss_weight, self.sense_loss_weight, self.pos_tag_loss_weight = (
            predicate_loss_weight,
            sense_loss_weight,
            pos_tag_loss_weight,
        )
        self.encoder = encoder
        self.dropout = VariationalDropout(dropout)
        known = encoder.output_size + encoder.word_size
        self.pos = nn.Linear(encoder.output_size, num_pos) if num_pos and pos_tag_loss_weight else None
        self.predicates = nn.Sequential(nn.Linear(known, predicate_size), nn.Tanh(), nn.Linear(predicate_size, 1))
        self.token = nn.Linear(known, predicate_size)
        self.head = nn.Linear(known, predicate_size, bias=False)
        self.distances = nn.Embedding(2 * max_relative_distance + 1, predicate_size)
        nn.init.normal_(self.distances.weight, std=0.3)
        self.extra = nn.Parameter(torch.zeros(predicate_size)) if corpus_embedding else None
        self.predicate_gru = StackedGRU(
            predicate_size, predicate_hidden_size, predicate_num_layers, True, dropout, residual, cell
        )
        read = self.predicate_gru.output_size + predicate_size
        self.roles = nn.Linear(read, len(self.tags))
        senses = len(roleset_counts) > 1
        self.senses = SenseClassifier(read + known, predicate_size, roleset_counts, particle_ids) if senses else None
        self.crf = LinearChainCRF(*bio_transition_mask(self.tags)) if decoder == "crf" else None

    def forward(self, batch: SRLBatch) -> SRLLogits:
        """Scores for the predicates of the batch."""
        return self.label(self.encode(batch), batch)

    def encode(self, batch: SRLBatch) -> EncoderOutput:
        """Read each sentence once. The predicates of the batch play no part."""
        states, words = self.encoder(batch)  # (B, T, 2H), (B, T, W)
        pos = self.pos(states) if self.pos is not None else None
        states = torch.cat([states, words], dim=-1)  # (B, T, 2H + W)
        return EncoderOutput(states, self.predicates(states)[:, :, 0], pos)

    def label(self, encoder_output: EncoderOutput, batch: SRLBatch) -> SRLLogits:
        """Scores for the predicates of the batch. `encoder_output`: of its sentences."""
        states = encoder_output.states[batch.sentence_index, batch.predicate_index]  # (P, E)
        pairs = (
            self.token(encoder_output.states)[batch.sentence_index]
            + self.head(states)[:, None]
            + self._position_features(batch)
        )  # (P, T, M)
        read, _ = self.predicate_gru(pairs, batch.predicate_lengths)  # (P, T, 2H')
        read = self.dropout(torch.cat([read, pairs], dim=-1))  # (P, T, 2H' + M)
        senses = None
        if self.senses is not None:
            at_predicate = read[torch.arange(read.shape[0], device=read.device), batch.predicate_index]  # (P, 2H' + M)
            senses = self.senses(torch.cat([at_predicate, states], dim=-1), batch.predicate_sense_candidates)
        return SRLLogits(encoder_output, self.roles(read), senses)

    def _position_features(self, batch: SRLBatch) -> Tensor:
        """What each token is told of its distance to the predicate and of where the sentence comes from."""
        positions = torch.arange(batch.words.shape[1], device=batch.words.device)
        offsets = (positions - batch.predicate_index[:, None]).clamp(
            -self.max_relative_distance, self.max_relative_distance
        )  # (P, T)
        marks: Tensor = self.distances(offsets + self.max_relative_distance)  # (P, T, M)
        return marks if self.extra is None else marks + batch.from_extra_corpus[:, None, None] * self.extra

    def loss(self, logits: SRLLogits, batch: SRLBatch) -> Tensor:
        """Mean loss a tag, plus the weighted means of the others. `logits`: of this batch."""
        if self.crf is None:
            loss = _cross_entropy(logits.role_logits, batch.tags, self.label_smoothing)
        else:
            likelihood = self.crf(logits.role_logits, batch.tags.clamp(min=0), batch.predicate_lengths)
            loss = -likelihood.sum() / batch.predicate_lengths.sum().clamp(min=1)
        told = batch.is_predicate != IGNORE_INDEX
        odds, targets = logits.encoder_output.predicate_logits[told], batch.is_predicate[told].float()
        found = functional.binary_cross_entropy_with_logits(odds, targets, reduction="sum") / max(1, len(odds))
        loss = loss + self.predicate_loss_weight * found
        if logits.sense_logits is not None:
            loss = loss + self.sense_loss_weight * _cross_entropy(logits.sense_logits, self.sense_targets(batch), 0.0)
        if logits.encoder_output.pos_logits is not None:
            loss = loss + self.pos_tag_loss_weight * _cross_entropy(logits.encoder_output.pos_logits, batch.pos, 0.0)
        return loss

    @staticmethod
    def sense_targets(batch: SRLBatch) -> Tensor:
        """(P,) which of its candidates is the gold roleset of each predicate; IGNORE_INDEX where none is."""
        hits = (batch.predicate_sense_candidates == batch.roleset[:, None]) & (batch.roleset != 0)[:, None]  # (P, R)
        return hits.int().argmax(dim=1).masked_fill(~hits.any(dim=1), IGNORE_INDEX)

    @torch.no_grad()
    def detect_predicates(self, encoder_output: EncoderOutput, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """The words more likely predicates than not: sentence and token of each (P,), in order."""
        tokens = torch.arange(batch.words.shape[1], device=batch.words.device)
        found = (encoder_output.predicate_logits > 0) & (tokens < batch.lengths[:, None])  # (B, T)
        sentence, predicate = found.nonzero(as_tuple=True)
        return sentence, predicate

    @torch.no_grad()
    def predict_senses(self, logits: SRLLogits, batch: SRLBatch) -> Tensor:
        """(P,) id of the likeliest roleset of each predicate; 0 where its word has no candidates."""
        if logits.sense_logits is None:
            return torch.zeros_like(batch.predicate_index)
        return batch.predicate_sense_candidates.gather(1, logits.sense_logits.argmax(dim=1, keepdim=True))[:, 0]

    @torch.no_grad()
    def decode(self, logits: SRLLogits, batch: SRLBatch) -> tuple[Tensor, Tensor]:
        """The best legal tags of each predicate, which is itself B-V, and what a plain argmax would have said.

        Args:
            logits: of this batch.

        Returns:
            two (P, T) tensors of tag ids; beyond the length of a sentence they mean nothing.
        """
        roles = logits.role_logits
        if roles.shape[0] == 0:
            nothing = batch.predicate_index.new_zeros(roles.shape[:2])
            return nothing, nothing
        lengths = batch.predicate_lengths
        allowed = predicate_tag_mask(self.tags, batch.predicate_index, lengths, roles.shape[1])
        if self.crf is None:
            best, _ = viterbi_bio(functional.log_softmax(roles, dim=-1), lengths, self.tags, allowed)
        else:
            best, _ = self.crf.decode(roles, lengths, allowed)
        return best, roles.argmax(dim=-1)


def _cross_entropy(logits: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean over the targets that are not IGNORE_INDEX; 0 when all are."""
    total = functional.cross_entropy(
        logits.flatten(0, -2), targets.flatten(), ignore_index=IGNORE_INDEX, label_smoothing=smoothing, reduction="sum"
    )
    return total / (targets != IGNORE_INDEX).sum().clamp(min=1)
