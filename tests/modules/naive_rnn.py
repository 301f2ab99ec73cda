"""Recurrent networks as loops over the equations."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from grunlp.modules.gru import StackedGRU


def naive_gru(share: Tensor, h: Tensor, u: Tensor, c: Tensor) -> Tensor:
    """The four equations of the module's docstring for one step of one sequence; the input's share has its bias."""
    (wr, wz, wn), (ur, uz, un), (cr, cz, cn) = share.chunk(3), (u @ h).chunk(3), c.chunk(3)
    r, z = torch.sigmoid(wr + ur + cr), torch.sigmoid(wz + uz + cz)
    n = torch.tanh(wn + r * (un + cn))
    return (1 - z) * n + z * h


def naive_gru_before(share: Tensor, h: Tensor, u: Tensor, c: Tensor) -> Tensor:
    """Cho et al. 2014, eq. 5-8: the reset gate acts on the state before its product."""
    (wr, wz, wn), (ur, uz, un), (cr, cz, cn) = share.chunk(3), u.chunk(3), c.chunk(3)
    r, z = torch.sigmoid(wr + ur @ h + cr), torch.sigmoid(wz + uz @ h + cz)
    return (1 - z) * torch.tanh(wn + un @ (r * h) + cn) + z * h


def naive_lstm(share: Tensor, state: Tensor, u: Tensor, c: Tensor) -> Tensor:
    h, memory = state.chunk(2)
    i, f, g, o = (share + u @ h + c).chunk(4)
    memory = torch.sigmoid(f) * memory + torch.sigmoid(i) * torch.tanh(g)
    return torch.cat([torch.sigmoid(o) * torch.tanh(memory), memory])


def naive_rnn(share: Tensor, h: Tensor, u: Tensor, c: Tensor) -> Tensor:
    return torch.tanh(share + u @ h + c)


def naive_mingru(share: Tensor, h: Tensor) -> Tensor:
    """Feng et al. 2024, §3.1, with g of its §B.2."""
    gate, candidate = share.chunk(2)
    z, n = torch.sigmoid(gate), torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))
    return (1 - z) * h + z * n


NAIVE: dict[str, Callable[..., Tensor]] = {
    "gru": naive_gru,
    "gru-reset-before": naive_gru_before,
    "lstm": naive_lstm,
    "rnn": naive_rnn,
    "mingru": naive_mingru,
}


def naive_direction(gru: StackedGRU, layer: nn.Module, d: int, x: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
    """A step at a time: x (T, I) → (T, H), (S·H,)."""
    weights = {name: weight[d] for name, weight in layer.named_parameters()}
    recurrent = [weights[name] for name in ("weight_hh", "bias_hh") if name in weights]
    outputs = []
    for step in x:
        state = NAIVE[gru.cell](weights["weight_ih"] @ step + weights["bias_ih"], state, *recurrent)
        outputs.append(state[: gru.hidden_size])
    return torch.stack(outputs) if outputs else x.new_zeros(0, gru.hidden_size), state


def naive_stack(gru: StackedGRU, x: Tensor, initial: Tensor | None = None) -> tuple[Tensor, Tensor]:
    """One unpadded sequence x (T, I) through all layers."""
    finals = []
    for depth, layer in enumerate(gru.layers):
        parts = []
        for d in range(gru.directions):
            start = x.new_zeros(gru.state_size) if initial is None else initial[depth * gru.directions + d]
            outputs, final = naive_direction(gru, layer, d, x.flip(0) if d else x, start)
            parts.append(outputs.flip(0) if d else outputs)
            finals.append(final)
        above = torch.cat(parts, dim=1)
        if depth and gru.residual == "add":
            above = above + x
        elif depth and gru.residual == "highway":
            gate = torch.sigmoid(gru.gates[depth - 1](x))
            above = gate * above + (1 - gate) * x
        x = above
    return x, torch.stack(finals)
