"""Semantic role labelling: which words are predicates, in which sense, and who did what to whom."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.collate import IGNORED, FrameBatch
from grunlp.decoding.viterbi import bio_constraints, predicate_mask, viterbi_bio
from grunlp.modules.crf import LinearChainCRF
from grunlp.modules.dropout import VariationalDropout
from grunlp.modules.gru import Cell, StackedGRU
from grunlp.modules.sentence_encoder import SentenceEncoder


class Encoded(NamedTuple):
    """What the network knows of sentences before it is told their predicates.

    states: (B, T, E) of the encoder beside the representation of the words.
    predicates: (B, T) log-odds of being a predicate.
    pos: (B, T, number of tags) unnormalised log-scores of parts of speech, or None.
    """

    states: Tensor
    predicates: Tensor
    pos: Tensor | None


class Scores(NamedTuple):
    """Unnormalised log-scores.

    encoded: of the sentences.
    roles: (P, T, K) of the tags.
    senses: (P, R) of the candidates of each predicate, -inf beyond them; None without rolesets.
    """

    encoded: Encoded
    roles: Tensor
    senses: Tensor | None


class SenseScorer(nn.Module):
    """Scores the rolesets a word may have: (v_r + u_f) · tanh(W x) + b_r.

    u_f belongs to all rolesets of the same particle, and to light verbs: what tells `give up` from `give` tells
    `eat up` from `eat`. b_r starts at the logarithm of the training count. A roleset never seen in training has
    v_r = 0, so that only its particle, if any, and b_r speak for it: of a word's unseen plain rolesets the first is
    chosen, and only where none that was seen is likely.

    Args:
        input_size: features of a predicate in its sentence, x.
        size: features of v_r.
        counts: training count of each of the rolesets; id 0 is none.
        families: number of the particle of each; 0 is none.
    """

    families: Tensor

    def __init__(self, input_size: int, size: int, counts: Sequence[int], families: Sequence[int]) -> None:
        super().__init__()
        self.features = nn.Linear(input_size, size)
        self.rolesets = nn.Embedding(len(counts), size, padding_idx=0)
        self.particles = nn.Embedding(max(families) + 1, size, padding_idx=0) if any(families) else None
        self.prior = nn.Embedding(len(counts), 1, padding_idx=0)
        self.register_buffer("families", torch.tensor(families), persistent=False)
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
            rolesets = rolesets + self.particles(self.families[candidates])
        scores = rolesets.matmul(features) + self.prior(candidates)  # (P, R, 1)
        return scores[:, :, 0].masked_fill(candidates == 0, -torch.inf)


class SRLModel(nn.Module):
    """Words and spellings → stacked BiGRU over each sentence → predicates → BiGRU a predicate → its sense and roles.

    A sentence is encoded once, which tells how likely each word is a predicate. For each predicate p, given or found, a
    small BiGRU then reads

        x_t = A [h_t; w_t] + B [h_p; w_p] + D[t - p] + e

    (h: encoder states, w: word representations, D: a table of signed distances, clipped; e: a vector that sentences of
    `data.extra` alone add, so that the habits of their annotators are not taken for the corpus's). Tags are scored from
    its states and x_t together, the sense from both at p. A and B are applied once a token, not once a pair, so that
    labelling another predicate costs the small BiGRU alone.

    Args:
        tags: the K tags.
        encoder: of the sentences.
        roleset_counts: training count of each roleset id; only id 0, none, when the training data names no rolesets.
        roleset_families: number of the particle of each, see `SenseScorer`.
        num_pos: parts of speech, that of none among them; 0 when the training data has none.
        predicate_hidden_size, predicate_num_layers: of the BiGRU a predicate.
        predicate_size: features of x_t above.
        extra: whether part of the training data is `data.extra`.
        distance: tokens beyond which distances are not told apart.
        residual, cell: of the BiGRU a predicate, see `StackedGRU`.
        dropout: variational, between its layers and of its states.
        decoder: "viterbi" scores each tag alone and finds the best legal sequence; "crf" learns transitions as well.
        label_smoothing: of the tags, for "viterbi".
        predicate_weight, sense_weight: of these losses beside that of the roles.
        pos_weight: weight of predicting parts of speech from the encoder's states, which helps them in small data;
            0 leaves it out.
    """

    def __init__(
        self,
        tags: Sequence[str],
        encoder: SentenceEncoder,
        roleset_counts: Sequence[int],
        roleset_families: Sequence[int],
        num_pos: int,
        predicate_hidden_size: int,
        predicate_num_layers: int,
        predicate_size: int,
        extra: bool,
        distance: int,
        residual: Literal["none", "add", "highway"],
        cell: Cell,
        dropout: float,
        decoder: Literal["viterbi", "crf"],
        label_smoothing: float,
        predicate_weight: float,
        sense_weight: float,
        pos_weight: float,
    ) -> None:
        super().__init__()
        if decoder not in ("viterbi", "crf"):
            raise ValueError(f"decoder is viterbi or crf, got {decoder!r}")
        if decoder == "crf" and label_smoothing:
            raise ValueError("label_smoothing has no effect on decoder=crf: set it to 0")
        self.tags, self.distance, self.label_smoothing = list(tags), distance, label_smoothing
        self.predicate_weight, self.sense_weight, self.pos_weight = predicate_weight, sense_weight, pos_weight
        self.encoder = encoder
        self.dropout = VariationalDropout(dropout)
        known = encoder.output_size + encoder.word_size
        self.pos = nn.Linear(encoder.output_size, num_pos) if num_pos and pos_weight else None
        self.predicates = nn.Sequential(nn.Linear(known, predicate_size), nn.Tanh(), nn.Linear(predicate_size, 1))
        self.token = nn.Linear(known, predicate_size)
        self.head = nn.Linear(known, predicate_size, bias=False)
        self.distances = nn.Embedding(2 * distance + 1, predicate_size)
        nn.init.normal_(self.distances.weight, std=0.3)
        self.extra = nn.Parameter(torch.zeros(predicate_size)) if extra else None
        self.predicate_gru = StackedGRU(
            predicate_size, predicate_hidden_size, predicate_num_layers, True, dropout, residual, cell
        )
        read = self.predicate_gru.output_size + predicate_size
        self.roles = nn.Linear(read, len(self.tags))
        senses = len(roleset_counts) > 1
        self.senses = SenseScorer(read + known, predicate_size, roleset_counts, roleset_families) if senses else None
        self.crf = LinearChainCRF(*bio_constraints(self.tags)) if decoder == "crf" else None

    def forward(self, batch: FrameBatch) -> Scores:
        """Scores for the predicates of the batch."""
        return self.label(self.encode(batch), batch)

    def encode(self, batch: FrameBatch) -> Encoded:
        """Read each sentence once. The predicates of the batch play no part."""
        states, words = self.encoder(batch)  # (B, T, 2H), (B, T, W)
        pos = self.pos(states) if self.pos is not None else None
        states = torch.cat([states, words], dim=-1)  # (B, T, 2H + W)
        return Encoded(states, self.predicates(states)[:, :, 0], pos)

    def label(self, encoded: Encoded, batch: FrameBatch) -> Scores:
        """Scores for the predicates of the batch. `encoded`: of its sentences."""
        states = encoded.states[batch.sentence, batch.predicate]  # (P, E)
        pairs = (
            self.token(encoded.states)[batch.sentence] + self.head(states)[:, None] + self._marks(batch)
        )  # (P, T, M)
        read, _ = self.predicate_gru(pairs, batch.predicate_lengths)  # (P, T, 2H')
        read = self.dropout(torch.cat([read, pairs], dim=-1))  # (P, T, 2H' + M)
        senses = None
        if self.senses is not None:
            at_predicate = read[torch.arange(read.shape[0], device=read.device), batch.predicate]  # (P, 2H' + M)
            senses = self.senses(torch.cat([at_predicate, states], dim=-1), batch.predicate_candidates)
        return Scores(encoded, self.roles(read), senses)

    def _marks(self, batch: FrameBatch) -> Tensor:
        """What each token is told of its distance to the predicate and of where the sentence comes from."""
        positions = torch.arange(batch.words.shape[1], device=batch.words.device)
        offsets = (positions - batch.predicate[:, None]).clamp(-self.distance, self.distance)  # (P, T)
        marks: Tensor = self.distances(offsets + self.distance)  # (P, T, M)
        return marks if self.extra is None else marks + batch.extra[:, None, None] * self.extra

    def loss(self, scores: Scores, batch: FrameBatch) -> Tensor:
        """Mean loss a tag, plus the weighted means of the others. `scores`: of this batch."""
        if self.crf is None:
            loss = _cross_entropy(scores.roles, batch.tags, self.label_smoothing)
        else:
            likelihood = self.crf(scores.roles, batch.tags.clamp(min=0), batch.predicate_lengths)
            loss = -likelihood.sum() / batch.predicate_lengths.sum().clamp(min=1)
        told = batch.is_predicate != IGNORED
        odds, targets = scores.encoded.predicates[told], batch.is_predicate[told].float()
        found = functional.binary_cross_entropy_with_logits(odds, targets, reduction="sum") / max(1, len(odds))
        loss = loss + self.predicate_weight * found
        if scores.senses is not None:
            loss = loss + self.sense_weight * _cross_entropy(scores.senses, self.sense_targets(batch), 0.0)
        if scores.encoded.pos is not None:
            loss = loss + self.pos_weight * _cross_entropy(scores.encoded.pos, batch.pos, 0.0)
        return loss

    @staticmethod
    def sense_targets(batch: FrameBatch) -> Tensor:
        """(P,) which of its candidates is the gold roleset of each predicate; IGNORED where none is."""
        hits = (batch.predicate_candidates == batch.roleset[:, None]) & (batch.roleset != 0)[:, None]  # (P, R)
        return hits.int().argmax(dim=1).masked_fill(~hits.any(dim=1), IGNORED)

    @torch.no_grad()
    def find(self, encoded: Encoded, batch: FrameBatch) -> tuple[Tensor, Tensor]:
        """The words more likely predicates than not: sentence and token of each (P,), in order."""
        tokens = torch.arange(batch.words.shape[1], device=batch.words.device)
        found = (encoded.predicates > 0) & (tokens < batch.lengths[:, None])  # (B, T)
        sentence, predicate = found.nonzero(as_tuple=True)
        return sentence, predicate

    @torch.no_grad()
    def choose(self, scores: Scores, batch: FrameBatch) -> Tensor:
        """(P,) id of the likeliest roleset of each predicate; 0 where its word has no candidates."""
        if scores.senses is None:
            return torch.zeros_like(batch.predicate)
        return batch.predicate_candidates.gather(1, scores.senses.argmax(dim=1, keepdim=True))[:, 0]

    @torch.no_grad()
    def decode(self, scores: Scores, batch: FrameBatch) -> tuple[Tensor, Tensor]:
        """The best legal tags of each predicate, which is itself B-V, and what a plain argmax would have said.

        Args:
            scores: of this batch.

        Returns:
            two (P, T) tensors of tag ids; beyond the length of a sentence they mean nothing.
        """
        roles = scores.roles
        if roles.shape[0] == 0:
            nothing = batch.predicate.new_zeros(roles.shape[:2])
            return nothing, nothing
        lengths = batch.predicate_lengths
        allowed = predicate_mask(self.tags, batch.predicate, lengths, roles.shape[1])
        if self.crf is None:
            best, _ = viterbi_bio(functional.log_softmax(roles, dim=-1), lengths, self.tags, allowed)
        else:
            best, _ = self.crf.decode(roles, lengths, allowed)
        return best, roles.argmax(dim=-1)


def _cross_entropy(scores: Tensor, targets: Tensor, smoothing: float) -> Tensor:
    """Mean over the targets that are not IGNORED; 0 when all are."""
    total = functional.cross_entropy(
        scores.flatten(0, -2), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing, reduction="sum"
    )
    return total / (targets != IGNORED).sum().clamp(min=1)
