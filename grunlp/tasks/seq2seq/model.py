"""A network that reads a text and writes another: GRU encoder, attention, GRU decoder.

The decoder's first layer reads the target alone. So in training it runs over the whole target in one call, its states
attend to the source for all steps at once, and the layers above read both, again in one call. Attention knows of its
own past only through these layers; with `input_feeding` (Luong et al. 2015, §3.3) the first layer is told at each step
what was read at the step before, and training takes one step after the other.
"""

from dataclasses import dataclass, replace
from typing import get_args

import torch
from torch import Tensor, nn
from torch.nn import functional

from grunlp.data.parallel_collate import ParallelBatch
from grunlp.data.subword_tokenizer import EOS_ID, PAD_ID, UNK_ID
from grunlp.modules.attention import Attention, AttentionMemory
from grunlp.modules.dropout import TokenDropout, VariationalDropout
from grunlp.modules.gru import StackedGRU
from grunlp.modules.options import AttentionKind, Cell, Residual
from grunlp.tasks.seq2seq.options import Bridge

BRIDGES = get_args(Bridge)


@dataclass
class Seq2SeqState:
    """What a decoder carries from step to step, for K hypotheses of each of B sources; R = B·K.

    source: (B, S) ids, for copying.
    memory: (B, ...) the source made ready for attention.
    lower: (1, R, state) of the first layer.
    upper: (L - 1, R, state) of the others.
    input_feed: (R, embedding_size) what was read at the step before; used by input feeding alone.
    """

    source: Tensor
    memory: AttentionMemory
    lower: Tensor
    upper: Tensor
    input_feed: Tensor

    def reorder(self, rows: Tensor) -> "Seq2SeqState":
        """The state of other hypotheses. rows: (B', K') of the R there were; those of a row are of one source."""
        sources = rows[:, 0] // (len(self.input_feed) // len(self.source))  # (B',)
        attended = self.memory
        if len(sources) != len(self.source):  # else all sources are there still, in their order
            attended = AttentionMemory(*(part[sources] for part in attended))
        flat = rows.flatten()
        return replace(
            self,
            source=self.source[sources],
            memory=attended,
            lower=self.lower[:, flat],
            upper=self.upper[:, flat],
            input_feed=self.input_feed[flat],
        )


class Seq2Seq(nn.Module):
    """Encoder, attention and decoder.

    Args:
        source_size: V of the source's vocabulary.
        target_size: V of the target's.
        shared_vocabulary: one vocabulary and one table of embeddings serve both.
        embedding_size: features of an embedding, and of what the target's words are scored from: by their embeddings
            (Press and Wolf 2017).
        hidden_size: of the encoder, a direction.
        num_layers: of the encoder.
        decoder_hidden_size: of the decoder.
        decoder_num_layers: of the decoder, the one below the attention included.
        cell: of all layers, see `StackedGRU`.
        residual: see `StackedGRU`.
        layer_norm: normalise the encoder's outputs and what each part of the decoder reads.
        attention, attention_size, heads: see `Attention`.
        bridge: the decoder's first states: "zero", or made of the encoder's: its "last" ones, their "mean", or an
            average by learned "attention".
        input_feeding: see above.
        copy_attention: a share of each step's probability goes to the source's words (See et al. 2017, eq. 8-9); needs
            `shared_vocabulary`.
        coverage_loss_weight: weight of the loss of reading twice (See et al. 2017, eq. 11-13; without the feature of
            eq. 11, which
            would need one step after the other).
        word_dropout: probability of a word of source or target to be read as unknown.
        input_dropout: of embeddings. dropout: between layers and before scoring.
        label_smoothing: share of the probability that goes to all words evenly in the loss.

    Raises:
        ValueError: choices that do not exist or fit.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        shared_vocabulary: bool,
        embedding_size: int,
        hidden_size: int,
        num_layers: int,
        decoder_hidden_size: int,
        decoder_num_layers: int,
        cell: Cell,
        residual: Residual,
        layer_norm: bool,
        attention: AttentionKind,
        attention_size: int,
        heads: int,
        bridge: Bridge,
        input_feeding: bool,
        copy_attention: bool,
        coverage_loss_weight: float,
        word_dropout: float,
        input_dropout: float,
        dropout: float,
        label_smoothing: float,
    ) -> None:
        super().__init__()
        if bridge not in BRIDGES:
            raise ValueError(f"bridge is one of {', '.join(BRIDGES)}, got {bridge!r}")
        if copy_attention and not shared_vocabulary:
            raise ValueError("copying needs one vocabulary for source and target")
        self.label_smoothing, self.input_feeding, self.coverage_loss_weight = (
            label_smoothing,
            input_feeding,
            coverage_loss_weight,
        )
        self.target = nn.Embedding(target_size, embedding_size, padding_idx=PAD_ID)
        self.source = None if shared_vocabulary else nn.Embedding(source_size, embedding_size, padding_idx=PAD_ID)
        for table in filter(None, (self.target, self.source)):
            nn.init.normal_(table.weight.data, std=embedding_size**-0.5)
            table.weight.data[PAD_ID] = 0

        self.encoder = StackedGRU(embedding_size, hidden_size, num_layers, True, dropout, residual, cell)
        memory, inner = 2 * hidden_size, decoder_hidden_size
        self.attention = Attention(inner, memory, attention_size, attention, heads)
        fed = embedding_size if input_feeding else 0
        self.below = StackedGRU(embedding_size + fed, inner, 1, False, dropout, "none", cell)
        read = inner + self.attention.output_size
        above = decoder_num_layers - 1
        self.above = StackedGRU(read, inner, above, False, dropout, residual, cell) if above else None
        self.readout = nn.Linear((inner if above else 0) + read + embedding_size, embedding_size)
        self.bias = nn.Parameter(torch.zeros(target_size))
        self.copied = nn.Linear(embedding_size, 1) if copy_attention else None

        sizes = (decoder_num_layers, self.below.state_size)
        self.bridge_kind, self.state_shape = bridge, sizes
        self.bridge = nn.Linear(memory, sizes[0] * sizes[1]) if bridge != "zero" else None
        self.pooling = nn.Linear(memory, 1) if bridge == "attention" else None

        def norm(size: int) -> nn.Module:
            return nn.LayerNorm(size) if layer_norm else nn.Identity()

        self.memory_norm, self.read_norm = norm(memory), norm(read)
        self.readout_norm = norm(inner) if above else nn.Identity()
        self.word_dropout = TokenDropout(word_dropout, UNK_ID, EOS_ID + 1)
        self.input_dropout, self.dropout = VariationalDropout(input_dropout), VariationalDropout(dropout)

    def encode(self, source: Tensor, lengths: Tensor) -> Seq2SeqState:
        """Read sources. source: (B, S) ids; lengths: (B,), each 1 at least → the state before a target's first step."""
        table = self.target if self.source is None else self.source
        embedded = self.input_dropout(table(self.word_dropout(source)))
        outputs, _ = self.encoder(embedded, lengths)  # (B, S, 2H)
        outputs = self.memory_norm(self.dropout(outputs))
        real = torch.arange(source.shape[1], device=source.device) < lengths[:, None]  # (B, S)
        first = self._init_decoder_state(outputs, real, lengths)  # (L, B, state)
        fed = outputs.new_zeros(source.shape[0], self.target.embedding_dim)
        return Seq2SeqState(source, self.attention.precompute_keys(outputs, ~real), first[:1], first[1:], fed)

    def _init_decoder_state(self, outputs: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """(L, B, state) from the encoder's outputs (B, S, 2H)."""
        layers, size = self.state_shape
        if self.bridge is None:
            return outputs.new_zeros(layers, outputs.shape[0], size)
        if self.bridge_kind == "last":  # of each direction
            forward, backward = outputs.chunk(2, dim=2)
            last = forward[torch.arange(outputs.shape[0], device=outputs.device), lengths - 1]
            summary = torch.cat([last, backward[:, 0]], dim=1)
        elif self.pooling is not None:
            weights = self.pooling(outputs)[..., 0].masked_fill(~mask, float("-inf")).softmax(dim=1)
            summary = (weights[:, None] @ outputs)[:, 0]
        else:
            summary = (outputs * mask[..., None]).sum(dim=1) / lengths[:, None]
        states: Tensor = torch.tanh(self.bridge(summary)).unflatten(1, (layers, size)).transpose(0, 1)
        return states.contiguous()

    def decode(self, inputs: Tensor, lengths: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Seq2SeqState]:
        """Read targets so far.

        Args:
            inputs: (R, T) ids, each row beginning with START or going on from `state`.
            lengths: (R,) of each.
            state: before the first of them.

        Returns:
            (R, T, embedding_size), from which the next words are scored; (R, T, S) how much of each source word was
            read; and the state after the last.
        """
        embedded = self.input_dropout(self.target(self.word_dropout(inputs)))  # (R, T, E)
        if not self.input_feeding:
            return self._decode_steps(embedded, embedded, lengths, state)
        features, weights, steps = [], [], torch.ones_like(lengths)
        for t in range(inputs.shape[1]):
            now = embedded[:, t : t + 1]
            feature, weight, state = self._decode_steps(
                torch.cat([now, state.input_feed[:, None]], dim=2), now, steps, state
            )
            features.append(feature)
            weights.append(weight)
        return torch.cat(features, dim=1), torch.cat(weights, dim=1), state

    def _decode_steps(
        self, inputs: Tensor, embedded: Tensor, lengths: Tensor, state: Seq2SeqState
    ) -> tuple[Tensor, Tensor, Seq2SeqState]:
        """`decode` of what the first layer is given, (R, T, E or 2E), and the words' embeddings alone, (R, T, E)."""
        own, below = self.below(inputs, lengths, state.lower)  # (R, T, D)
        shape = (state.source.shape[0], -1, own.shape[2])
        context, weights = self.attention(own.reshape(shape), state.memory)  # (B, K·T, M), (B, K·T, S)
        context, weights = (x.reshape(*own.shape[:2], -1) for x in (context, weights))  # (R, T, M), (R, T, S)
        read = self.read_norm(torch.cat([own, context], dim=2))  # (R, T, D + M)
        parts, above = [read, embedded], state.upper
        if self.above is not None:
            top, above = self.above(self.dropout(read), lengths, state.upper)
            parts.append(self.readout_norm(top))
        features = torch.tanh(self.readout(self.dropout(torch.cat(parts, dim=2))))  # (R, T, E)
        state = replace(
            state, lower=below, upper=above, input_feed=features[:, -1] if self.input_feeding else state.input_feed
        )
        return features, weights, state

    def log_probs(self, features: Tensor, attention: Tensor, source: Tensor) -> Tensor:
        """Log probabilities of all words. features: (N, E); weights, source: (N, S) → (N, V)."""
        scores = functional.linear(self.dropout(features[:, None])[:, 0], self.target.weight, self.bias)
        if self.copied is None:
            return scores.log_softmax(dim=1)
        share = torch.sigmoid(self.copied(features))  # (N, 1)
        mixed = (scores.softmax(dim=1) * (1 - share)).scatter_add(1, source, attention * share)
        return mixed.clamp(min=1e-10).log()

    def forward(self, batch: ParallelBatch) -> tuple[Tensor, Tensor]:
        """Log probabilities of each real target word in its place (N, V), row by row, and attention (B, T, S)."""
        state = self.encode(batch.source, batch.source_lengths)
        features, weights, _ = self.decode(batch.decoder_inputs, batch.target_lengths, state)
        row, step = batch.target_mask.nonzero(as_tuple=True)  # (N,)
        return self.log_probs(features[row, step], weights[row, step], batch.source[row]), weights

    def loss(self, batch: ParallelBatch) -> tuple[Tensor, Tensor]:
        """The loss to learn from, and the plain cross-entropy, each the mean over target words, in nats."""
        log_probs, weights = self(batch)
        right = batch.decoder_targets[batch.target_mask]  # (N,)
        nats = functional.nll_loss(log_probs, right)
        loss = (1 - self.label_smoothing) * nats
        if self.label_smoothing:
            loss = loss - self.label_smoothing * log_probs.mean()
        if self.coverage_loss_weight:
            before = weights.cumsum(dim=1) - weights  # (B, T, S)
            loss = (
                loss + self.coverage_loss_weight * torch.minimum(before, weights).sum(dim=2)[batch.target_mask].mean()
            )
        return loss, nats.detach()

    def step(self, tokens: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Seq2SeqState]:
        """One step of R hypotheses: tokens (R,), the last word of each → log probabilities of the next (R, V),
        attention (R, S), and the state after it."""
        features, weights, state = self.decode(tokens[:, None], torch.ones_like(tokens), state)
        hypotheses = tokens.shape[0] // state.source.shape[0]
        source = state.source.repeat_interleave(hypotheses, dim=0)
        return self.log_probs(features[:, 0], weights[:, 0], source), weights[:, 0], state
