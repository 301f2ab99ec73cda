"""SegRNN: a GRU that takes segments of a series for its steps (Lin et al. 2023).

Each channel is a series of its own, read by the same weights. The history is cut into segments of w steps; each
becomes d features by a linear layer with ReLU, and a GRU reads them one after the other. The horizon is cut likewise,
and all its segments are decoded at once, each by one step of the same GRU from the last state, whose input says which
segment and which channel it is (§3.2, "PMF"); a linear layer gives its w steps.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from grunlp.modules.options import Cell
from grunlp.tasks.forecasting.model import Forecaster
from grunlp.tasks.forecasting.options import ForecastOutput, WindowNormalization


class SegRNN(Forecaster):
    """SegRNN. Of a history that is no multiple of w the oldest steps are left out.

    Covariates, which the paper has none of, are added to what the GRU reads of a segment, and static values to what it
    reads of a channel.

    Args:
        segment_length: w.
        others: as for `Forecaster`; d = hidden_size, an even number.
    """

    def __init__(
        self,
        channels: int,
        num_known_covariates: int,
        num_static_covariates: int,
        horizon: int,
        hidden_size: int,
        num_layers: int,
        cell: Cell,
        input_dropout: float,
        dropout: float,
        window_normalization: WindowNormalization,
        output: ForecastOutput,
        quantiles: Sequence[float],
        segment_length: int,
    ) -> None:
        self.segment_length = segment_length
        super().__init__(
            channels, num_known_covariates, num_static_covariates, horizon, hidden_size, num_layers, cell,
            input_dropout, dropout, window_normalization, output,
            quantiles,
        )  # fmt: skip

    def build_layers(self) -> None:
        """Layers around the GRU."""
        half = self.hidden_size // 2
        self.num_segments = -(-self.horizon // self.segment_length)  # M, of the horizon
        self.embed = nn.Linear(self.segment_length, self.hidden_size)
        self.embed_known = (
            nn.Linear(self.segment_length * self.num_known_covariates, self.hidden_size, bias=False)
            if self.num_known_covariates
            else None
        )
        self.place = nn.Parameter(torch.randn(self.num_segments, half))
        self.channel = nn.Parameter(torch.randn(self.channels, half))
        self.embed_static = (
            nn.Linear(self.num_static_covariates, half, bias=False) if self.num_static_covariates else None
        )
        self.last = nn.Linear(self.hidden_size, self.segment_length * self.num_outputs)

    def input_size(self) -> int:
        """Features of a segment."""
        return self.hidden_size

    def forward(self, history: Tensor, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """(B, H, C, O)."""
        batch, steps, channels = history.shape
        level, width, count = self.level.compute_stats(history), self.segment_length, self.num_segments
        past = steps // width  # segments of the history
        x = self.level(history[:, -past * width :], level).transpose(1, 2).reshape(batch, channels, past, width)
        x = self.embed(x)  # (B, C, past, d)
        if self.embed_known is not None:
            x = x + self._embed_known_segments(known_covariates[:, :steps][:, -past * width :])[:, None]
        _, final = self._encode(x.relu().flatten(0, 1))  # (L, B·C, d)
        inputs = self._decoder_queries(known_covariates[:, steps:], static_covariates)  # (B, C, M, d)
        rows = inputs.flatten(0, 2)[:, None]  # (B·C·M, 1, d)
        one = torch.ones(rows.shape[0], dtype=torch.long, device=rows.device)
        states, _ = self.gru(rows, one, final.repeat_interleave(count, dim=1))
        x = self.last(self.dropout(states[:, 0]))  # (B·C·M, w·O)
        x = x.view(batch, channels, count * width, self.num_outputs).transpose(1, 2)
        return self._to_output_units(x[:, : self.horizon], level)

    def _decoder_queries(self, known_covariates: Tensor, static_covariates: Tensor) -> Tensor:
        """Which segment of which channel is asked for, and what is known of it → (B, C, M, d)."""
        batch, steps = known_covariates.shape[:2]
        channel = self.channel.expand(batch, -1, -1)
        if self.embed_static is not None:
            channel = channel + self.embed_static(static_covariates)[:, None]
        place = self.place[None, None].expand(batch, self.channels, -1, -1)
        inputs = torch.cat([place, channel[:, :, None].expand(-1, -1, self.num_segments, -1)], dim=-1)
        if self.embed_known is not None:
            missing = self.num_segments * self.segment_length - steps  # the last segment may reach beyond the horizon
            whole = torch.cat(
                [known_covariates, known_covariates.new_zeros(batch, missing, self.num_known_covariates)], dim=1
            )
            inputs = inputs + self._embed_known_segments(whole)[:, None]
        return inputs

    def _embed_known_segments(self, known_covariates: Tensor) -> Tensor:
        """Covariates (B, n·w, F) → (B, n, d)."""
        assert self.embed_known is not None
        embedded: Tensor = self.embed_known(known_covariates.unflatten(1, (-1, self.segment_length)).flatten(2))
        return embedded
