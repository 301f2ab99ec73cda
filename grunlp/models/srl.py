"""Semantic role labelling: who did what to whom, for given predicates."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.batches import IGNORED, Batch
from grunlp.decoding.viterbi import predicate_mask, viterbi_bio
from grunlp.modules.crf import LinearChainCRF
from grunlp.modules.dropout import VariationalDropout, WordDropout
from grunlp.modules.embeddings import WordRepresentation
from grunlp.modules.gru import StackedGRU


class Scores(NamedTuple):
    """roles: (P, T, K) unnormalised log-scores of the tags; pos: (B, T, number of tags) likewise, or None."""

    roles: Tensor
    pos: Tensor | None


class SRLModel(nn.Module):
    """Words and spellings → stacked BiGRU over each sentence → BiGRU a predicate → tags under the rules of BIO.

    With `predicate="states"` a sentence is encoded once. For each of its predicates p a small BiGRU then reads

        x_t = A [h_t; w_t] + B [h_p; w_p] + D[t - p] + e

    (h: encoder states, w: word representations, D: a table of signed distances, clipped; e: a vector that sentences of
    `data.extra` alone add, so that the habits of their annotators are not taken for the corpus's). Tags are scored from
    its states and x_t together. A and B are applied once a token, not once a pair, so that labelling another predicate
    costs the small BiGRU alone. With `predicate="input"` the usual design is built (He et al. 2017, §2.1): the distance
    joins the word representation and the encoder reads the sentence anew for each predicate.

    Args:
        tags: the K tags.
        word_counts: training count of each word id.
        num_characters, num_pos: rows of those tables; num_pos 0 when the training data has none.
        word_size, character_size: features of a word from its table and from its spelling.
        characters: how spellings are read; "none" leaves them out.
        hidden_size, num_layers: of the sentence encoder, a direction.
        predicate: where the network learns which word is the predicate, see above.
        predicate_hidden_size, predicate_num_layers: of the BiGRU a predicate.
        predicate_size: features of x_t above; of the distance under "input".
        extra: whether part of the training data is `data.extra`.
        distance: tokens beyond which distances are not told apart.
        residual: of both stacks, see `StackedGRU`.
        input_dropout, dropout: variational, of the words and between layers.
        word_dropout: strength, see `WordDropout`.
        decoder: "viterbi" scores each tag alone and finds the best legal sequence; "crf" learns transitions as well.
        label_smoothing: of the tags, for "viterbi".
        pos_weight: weight of predicting parts of speech from the encoder's states, which helps them in small data;
            0 leaves it out.
    """

    def __init__(
        self,
        tags: Sequence[str],
        word_counts: Sequence[int],
        num_characters: int,
        num_pos: int,
        word_size: int,
        character_size: int,
        characters: Literal["cnn", "gru", "none"],
        hidden_size: int,
        num_layers: int,
        predicate: Literal["states", "input"],
        predicate_hidden_size: int,
        predicate_num_layers: int,
        predicate_size: int,
        extra: bool,
        distance: int,
        residual: Literal["none", "add", "highway"],
        input_dropout: float,
        dropout: float,
        word_dropout: float,
        decoder: Literal["viterbi", "crf"],
        label_smoothing: float,
        pos_weight: float,
    ) -> None:
        super().__init__()
        if predicate not in ("states", "input"):
            raise ValueError(f"predicate is states or input, got {predicate!r}")
        if decoder not in ("viterbi", "crf"):
            raise ValueError(f"decoder is viterbi or crf, got {decoder!r}")
        if decoder == "crf" and label_smoothing:
            raise ValueError("label_smoothing has no effect on decoder=crf: set it to 0")
        self.tags, self.predicate, self.distance = list(tags), predicate, distance
        self.label_smoothing, self.pos_weight = label_smoothing, pos_weight
        self.word_dropout = WordDropout(torch.tensor(word_counts), word_dropout, unknown=1)
        self.words = WordRepresentation(len(word_counts), word_size, num_characters, character_size, characters)
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(dropout)
        self.distances = nn.Embedding(2 * distance + 1, predicate_size)
        nn.init.normal_(self.distances.weight, std=0.3)
        self.extra = nn.Parameter(torch.zeros(predicate_size)) if extra else None
        read = self.words.output_size + (predicate_size if predicate == "input" else 0)
        self.encoder = StackedGRU(read, hidden_size, num_layers, True, dropout, residual)
        encoded = self.encoder.output_size
        self.pos = nn.Linear(encoded, num_pos) if num_pos and pos_weight else None
        if predicate == "states":
            self.token = nn.Linear(encoded + self.words.output_size, predicate_size)
            self.head = nn.Linear(encoded + self.words.output_size, predicate_size, bias=False)
            self.predicate_gru = StackedGRU(
                predicate_size, predicate_hidden_size, predicate_num_layers, True, dropout, residual
            )
            encoded = self.predicate_gru.output_size + predicate_size
        self.roles = nn.Linear(encoded, len(self.tags))
        self.crf = LinearChainCRF(self.tags) if decoder == "crf" else None

    def forward(self, batch: Batch) -> Scores:
        """Scores of every tag for every token of every predicate."""
        ids = self.word_dropout(batch.words)
        words = self.input_dropout(self.words(ids, batch.spellings, batch.spelling_index))  # (B, T, W)
        if self.predicate == "input":
            return self._encode_each(words, batch)
        states = self.dropout(self.encoder(words, batch.lengths)[0])  # (B, T, 2H)
        pos = self.pos(states) if self.pos is not None else None
        known = torch.cat([states, words], dim=-1)  # (B, T, 2H + W)
        heads = self.head(known[batch.sentence, batch.predicate])  # (P, M)
        pairs = self.token(known)[batch.sentence] + heads[:, None] + self._marks(batch)  # (P, T, M)
        states, _ = self.predicate_gru(pairs, batch.predicate_lengths)  # (P, T, 2H')
        return Scores(self.roles(self.dropout(torch.cat([states, pairs], dim=-1))), pos)

    def _encode_each(self, words: Tensor, batch: Batch) -> Scores:
        pairs = torch.cat([words[batch.sentence], self._marks(batch)], dim=-1)  # (P, T, W + M)
        states = self.dropout(self.encoder(pairs, batch.predicate_lengths)[0])  # (P, T, 2H)
        return Scores(self.roles(states), self.pos(states) if self.pos is not None else None)

    def _marks(self, batch: Batch) -> Tensor:
        """What each token is told of its distance to the predicate and of where the sentence comes from."""
        positions = torch.arange(batch.words.shape[1], device=batch.words.device)
        offsets = (positions - batch.predicate[:, None]).clamp(-self.distance, self.distance)  # (P, T)
        marks: Tensor = self.distances(offsets + self.distance)  # (P, T, M)
        return marks if self.extra is None else marks + batch.extra[:, None, None] * self.extra

    def loss(self, scores: Scores, batch: Batch) -> Tensor:
        """Mean loss a tag, plus `pos_weight` times the mean loss a part of speech. `scores`: of this batch."""
        if self.crf is None:
            loss = _cross_entropy(scores.roles, batch.tags, self.label_smoothing)
        else:
            likelihood = self.crf(scores.roles, batch.tags.clamp(min=0), batch.predicate_lengths)
            loss = -likelihood.sum() / batch.predicate_lengths.sum().clamp(min=1)
        if scores.pos is not None:
            pos = batch.pos if self.predicate == "states" else batch.pos[batch.sentence]
            loss = loss + self.pos_weight * _cross_entropy(scores.pos, pos, 0.0)
        return loss

    @torch.no_grad()
    def decode(self, scores: Scores, batch: Batch) -> tuple[Tensor, Tensor]:
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
        scores.flatten(0, 1), targets.flatten(), ignore_index=IGNORED, label_smoothing=smoothing, reduction="sum"
    )
    return total / (targets != IGNORED).sum().clamp(min=1)
