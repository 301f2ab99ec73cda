"""SegRNN: a GRU whose steps are segments of a series (Lin et al. 2023).

Each channel is read as a separate series, with the same weights. The history is cut into segments of w steps; a linear
layer with ReLU turns each into d features, and a GRU reads them in order. The horizon is cut in the same way, and all
its segments are decoded in parallel, each by one step of the same GRU from the last state. The input of this step
encodes the position of the segment and its channel (§3.2, "PMF"); a linear layer computes the w steps of the segment.
"""

import torch
from torch import Tensor, nn

from grunlp.tasks.forecasting.model import Forecaster


class SegRNN(Forecaster):
    """The SegRNN forecaster with w = `options.segment_length` and d = `options.hidden_size`, an even number.

    If the history is not a multiple of w, its oldest steps are ignored. Covariates, which are not in the paper, are
    added to the GRU's input for a segment, and static covariates to the encoding of a channel.
    """

    def build_layers(self) -> None:
        """Make the layers before and after the GRU."""
        size, half = self.hidden_size, self.hidden_size // 2
        self.segment_length, known = self.options.segment_length, self.num_known_covariates
        self.num_segments = -(-self.horizon // self.segment_length)  # M, of the horizon
        self.embed = nn.Linear(self.segment_length, size)
        self.embed_known = nn.Linear(self.segment_length * known, size, bias=False) if known else None
        self.place = nn.Parameter(torch.randn(self.num_segments, half))
        self.channel = nn.Parameter(torch.randn(self.channels, half))
        static = self.num_static_covariates
        self.embed_static = nn.Linear(static, half, bias=False) if static else None
        self.last = nn.Linear(size, self.segment_length * self.num_outputs)

    def input_size(self) -> int:
        """Return the number of features of a segment."""
        return self.hidden_size

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Forecast the horizon: (B, H, C, O)."""
        batch_size, steps, channels = history.shape
        stats, width, count = self.level.compute_stats(history), self.segment_length, self.num_segments
        past = steps // width  # segments of the history
        x = self.level(history[:, -past * width :], stats).transpose(1, 2).reshape(batch_size, channels, past, width)
        x = self.embed(x)  # (B, C, past, d)
        if self.embed_known is not None:
            x = x + self._embed_known_segments(known_covariates[:, :steps][:, -past * width :])[:, None]
        _, final_state = self._encode(x.relu().flatten(0, 1))  # (L, B·C, d)
        queries = self._decoder_queries(known_covariates[:, steps:], static_covariates)  # (B, C, M, d)
        rows = queries.flatten(0, 2)[:, None]  # (B·C·M, 1, d)
        ones = torch.ones(rows.shape[0], dtype=torch.long, device=rows.device)
        states, _ = self.gru(rows, ones, final_state.repeat_interleave(count, dim=1))
        x = self.last(self.dropout(states[:, 0]))  # (B·C·M, w·O)
        x = x.view(batch_size, channels, count * width, self.num_outputs).transpose(1, 2)
        return self._to_output_units(x[:, : self.horizon], stats)

    def _decoder_queries(self, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Encode the position, channel and covariates of the segments of the horizon → (B, C, M, d)."""
        batch_size, steps = known_covariates.shape[:2]
        channel = self.channel.expand(batch_size, -1, -1)
        if self.embed_static is not None:
            channel = channel + self.embed_static(static_covariates)[:, None]
        segment_encoding = self.place[None, None].expand(batch_size, self.channels, -1, -1)
        queries = torch.cat([segment_encoding, channel[:, :, None].expand(-1, -1, self.num_segments, -1)], dim=-1)
        if self.embed_known is not None:
            missing = self.num_segments * self.segment_length - steps  # the last segment may extend beyond the horizon
            padding = known_covariates.new_zeros(batch_size, missing, self.num_known_covariates)
            queries = queries + self._embed_known_segments(torch.cat([known_covariates, padding], dim=1))[:, None]
        return queries

    def _embed_known_segments(self, known_covariates: Tensor) -> Tensor:
        """Embed covariates (B, n·w, F) as segments (B, n, d)."""
        assert self.embed_known is not None
        embedded: Tensor = self.embed_known(known_covariates.unflatten(1, (-1, self.segment_length)).flatten(2))
        return embedded
