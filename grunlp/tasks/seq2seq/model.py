"""Sequence to sequence: a GRU encoder, attention, and a GRU decoder (optionally a pointer-generator).

The first layer of the decoder reads only the target. Therefore in training it runs over the whole target in one call,
its states attend to the source for all steps at once, and the layers above read its states and the attention, again in
one call. Attention depends on its previous steps only through these layers. With `input_feeding` (Luong et al. 2015,
§3.3) the first layer also reads the attention output of the previous step, and training computes one step after the
other.
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
from grunlp.tasks.seq2seq.options import Bridge, Seq2SeqOptions


@dataclass
class Seq2SeqState:
    """State of the decoder between steps, for K hypotheses of each of B sources; R = B·K.

    Attributes:
        source: (B, S) token ids of the source, for copying.
        memory: (B, ...) keys and values of the source.
        lower: (1, R, state) state of the first layer.
        upper: (L - 1, R, state) state of the other layers.
        input_feed: (R, embedding_size) attention output of the previous step; used only by input feeding.
    """

    source: Tensor
    memory: AttentionMemory
    lower: Tensor
    upper: Tensor
    input_feed: Tensor

    def reorder(self, rows: Tensor) -> "Seq2SeqState":
        """Select hypotheses by rows (B', K') of the R; all hypotheses of one row of `rows` have the same source."""
        sources = rows[:, 0] // (len(self.input_feed) // len(self.source))  # (B',)
        memory = self.memory
        if len(sources) != len(self.source):  # otherwise all sources are still there, in the same order
            memory = AttentionMemory(*(part[sources] for part in memory))
        flat = rows.flatten()
        return replace(
            self,
            source=self.source[sources],
            memory=memory,
            lower=self.lower[:, flat],
            upper=self.upper[:, flat],
            input_feed=self.input_feed[flat],
        )


class Seq2Seq(nn.Module):
    """A sequence-to-sequence model: encoder, attention and decoder.

    Target words are scored by their embeddings (Press and Wolf 2017). `copy_attention` gives part of the probability of
    each step to the words of the source (pointer-generator, See et al. 2017, eq. 8-9). `coverage_loss_weight` is the
    weight of the loss of attending to the same words twice (See et al. 2017, eq. 11-13; without the feature of eq. 11,
    which would require computing one step after the other). `bridge` selects the initial states of the decoder: "zero",
    or computed from the states of the encoder: the "last" ones, their "mean", or their average weighted by learned
    "attention".

    Args:
        options: sizes and regularization.
        source_size: size of the source vocabulary.
        target_size: V, size of the target vocabulary.
        shared_vocabulary: whether source and target share one vocabulary and one embedding.

    Raises:
        ValueError: an option is unknown, or options contradict each other.
    """

    def __init__(self, options: Seq2SeqOptions, source_size: int, target_size: int, shared_vocabulary: bool) -> None:
        super().__init__()
        if options.bridge not in get_args(Bridge):
            raise ValueError(f"bridge must be one of {', '.join(get_args(Bridge))}, got {options.bridge!r}")
        if options.copy_attention and not shared_vocabulary:
            raise ValueError("copy_attention needs one vocabulary for source and target")
        self.options, size = options, options.embedding_size
        self.target = nn.Embedding(target_size, size, padding_idx=PAD_ID)
        self.source = None if shared_vocabulary else nn.Embedding(source_size, size, padding_idx=PAD_ID)
        for table in filter(None, (self.target, self.source)):
            nn.init.normal_(table.weight.data, std=size**-0.5)
            table.weight.data[PAD_ID] = 0

        dropout, residual, cell = options.dropout, options.residual, options.cell
        self.encoder = StackedGRU(size, options.hidden_size, options.num_layers, True, dropout, residual, cell)
        memory_size, hidden_size = self.encoder.output_size, options.decoder_hidden_size
        self.attention = Attention(hidden_size, memory_size, options.attention_size, options.attention, options.heads)
        lower_size = size * (2 if options.input_feeding else 1)
        self.below = StackedGRU(lower_size, hidden_size, 1, False, dropout, "none", cell)
        attended_size = hidden_size + self.attention.output_size
        upper_layers = options.decoder_num_layers - 1
        self.above = (
            StackedGRU(attended_size, hidden_size, upper_layers, False, dropout, residual, cell)
            if upper_layers
            else None
        )
        self.readout = nn.Linear((hidden_size if upper_layers else 0) + attended_size + size, size)
        self.bias = nn.Parameter(torch.zeros(target_size))
        self.copied = nn.Linear(size, 1) if options.copy_attention else None

        self.state_shape = (options.decoder_num_layers, self.below.state_size)
        has_bridge = options.bridge != "zero"
        self.bridge = nn.Linear(memory_size, self.state_shape[0] * self.state_shape[1]) if has_bridge else None
        self.pooling = nn.Linear(memory_size, 1) if options.bridge == "attention" else None

        def norm(size: int) -> nn.Module:
            return nn.LayerNorm(size) if options.layer_norm else nn.Identity()

        self.memory_norm, self.read_norm = norm(memory_size), norm(attended_size)
        self.readout_norm = norm(hidden_size) if upper_layers else nn.Identity()
        self.word_dropout = TokenDropout(options.word_dropout, UNK_ID, EOS_ID + 1)
        self.input_dropout = VariationalDropout(options.input_dropout)
        self.dropout = VariationalDropout(dropout)

    def encode(self, source: Tensor, lengths: Tensor) -> Seq2SeqState:
        """Encode sources (B, S) of at least one token; return the state before the first step of a target."""
        table = self.target if self.source is None else self.source
        embedded = self.input_dropout(table(self.word_dropout(source)))
        outputs, _ = self.encoder(embedded, lengths)  # (B, S, 2H)
        outputs = self.memory_norm(self.dropout(outputs))
        mask = torch.arange(source.shape[1], device=source.device) < lengths[:, None]  # (B, S)
        states = self._init_decoder_state(outputs, mask, lengths)  # (L, B, state)
        input_feed = outputs.new_zeros(source.shape[0], self.target.embedding_dim)
        memory = self.attention.precompute_keys(outputs, ~mask)
        return Seq2SeqState(source, memory, states[:1], states[1:], input_feed)

    def _init_decoder_state(self, outputs: Tensor, mask: Tensor, lengths: Tensor) -> Tensor:
        """Compute the initial states (L, B, state) of the decoder from the outputs of the encoder (B, S, 2H)."""
        layers, size = self.state_shape
        if self.bridge is None:
            return outputs.new_zeros(layers, outputs.shape[0], size)
        if self.options.bridge == "last":  # of each direction
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
        """Read the tokens of targets.

        Args:
            inputs: (R, T) token ids; each row starts with BOS, or continues from `state`.
            lengths: (R,) length of each row.
            state: the state before the first token.

        Returns:
            features (R, T, embedding_size), from which the next words are scored; the attention to each source word
            (R, T, S); and the state after the last token.
        """
        embedded = self.input_dropout(self.target(self.word_dropout(inputs)))  # (R, T, E)
        if not self.options.input_feeding:
            return self._decode_steps(embedded, embedded, lengths, state)
        features, attention, steps = [], [], torch.ones_like(lengths)
        for t in range(inputs.shape[1]):
            current = embedded[:, t : t + 1]
            step_inputs = torch.cat([current, state.input_feed[:, None]], dim=2)
            step_features, step_attention, state = self._decode_steps(step_inputs, current, steps, state)
            features.append(step_features)
            attention.append(step_attention)
        return torch.cat(features, dim=1), torch.cat(attention, dim=1), state

    def _decode_steps(
        self, inputs: Tensor, embedded: Tensor, lengths: Tensor, state: Seq2SeqState
    ) -> tuple[Tensor, Tensor, Seq2SeqState]:
        """Decode from the inputs of the first layer (R, T, E or 2E) and the embeddings of the words (R, T, E)."""
        outputs, lower = self.below(inputs, lengths, state.lower)  # (R, T, D)
        queries = outputs.reshape(state.source.shape[0], -1, outputs.shape[2])  # (B, K·T, D)
        context, attention = self.attention(queries, state.memory)  # (B, K·T, M), (B, K·T, S)
        context, attention = (x.reshape(*outputs.shape[:2], -1) for x in (context, attention))  # (R, T, M), (R, T, S)
        attended = self.read_norm(torch.cat([outputs, context], dim=2))  # (R, T, D + M)
        parts, upper = [attended, embedded], state.upper
        if self.above is not None:
            top, upper = self.above(self.dropout(attended), lengths, state.upper)
            parts.append(self.readout_norm(top))
        features = torch.tanh(self.readout(self.dropout(torch.cat(parts, dim=2))))  # (R, T, E)
        input_feed = features[:, -1] if self.options.input_feeding else state.input_feed
        return features, attention, replace(state, lower=lower, upper=upper, input_feed=input_feed)

    def log_probs(self, features: Tensor, attention: Tensor, source: Tensor) -> Tensor:
        """Return the log probabilities (N, V) of all words.

        Args:
            features: (N, E) output features of the decoder.
            attention: (N, S) attention to the source.
            source: (N, S) token ids of the source.
        """
        logits = functional.linear(self.dropout(features[:, None])[:, 0], self.target.weight, self.bias)
        if self.copied is None:
            return logits.log_softmax(dim=1)
        copy_probability = torch.sigmoid(self.copied(features))  # (N, 1)
        generated = logits.softmax(dim=1) * (1 - copy_probability)
        return generated.scatter_add(1, source, attention * copy_probability).clamp(min=1e-10).log()

    def forward(self, batch: ParallelBatch) -> tuple[Tensor, Tensor]:
        """Return the log probabilities (N, V) of the target words, without padding, and the attention (B, T, S)."""
        state = self.encode(batch.source, batch.source_lengths)
        features, attention, _ = self.decode(batch.decoder_inputs, batch.target_lengths, state)
        row, step = batch.target_mask.nonzero(as_tuple=True)  # (N,)
        return self.log_probs(features[row, step], attention[row, step], batch.source[row]), attention

    def loss(self, batch: ParallelBatch) -> tuple[Tensor, Tensor]:
        """Return the training loss and the plain cross-entropy, both as means over target words, in nats."""
        log_probs, attention = self(batch)
        targets, label_smoothing = batch.decoder_targets[batch.target_mask], self.options.label_smoothing  # (N,)
        nll = functional.nll_loss(log_probs, targets)
        loss = (1 - label_smoothing) * nll
        if label_smoothing:
            loss = loss - label_smoothing * log_probs.mean()
        if self.options.coverage_loss_weight:
            coverage = attention.cumsum(dim=1) - attention  # (B, T, S)
            coverage_loss = torch.minimum(coverage, attention).sum(dim=2)[batch.target_mask].mean()
            loss = loss + self.options.coverage_loss_weight * coverage_loss
        return loss, nll.detach()

    def step(self, tokens: Tensor, state: Seq2SeqState) -> tuple[Tensor, Tensor, Seq2SeqState]:
        """Read one token of R hypotheses.

        Args:
            tokens: (R,) the last word of each hypothesis.
            state: the state before that word.

        Returns:
            log probabilities of the next word (R, V), the attention (R, S), and the new state.
        """
        features, attention, state = self.decode(tokens[:, None], torch.ones_like(tokens), state)
        hypotheses = tokens.shape[0] // state.source.shape[0]
        source = state.source.repeat_interleave(hypotheses, dim=0)
        return self.log_probs(features[:, 0], attention[:, 0], source), attention[:, 0], state
