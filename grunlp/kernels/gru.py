"""One GRU layer on the CPU whose backward pass has a single small product in its loop over time.

Torch's own backward computes, at every step, the gradient of the state, that of both weight matrices and all gates
apart. Here every gate is kept, for the gradient of each pre-activation a_t (before its sigmoid or tanh) is that of the
new state times a factor that is known for all steps beforehand:

    ∂h_t/∂a^z_t = (h_{t-1} - n_t) z_t (1 - z_t)         ∂h_t/∂a^n_t = (1 - z_t)(1 - n_t²)
    ∂h_t/∂a^r_t = ∂h_t/∂a^n_t · (U_n h_{t-1} + c_n) r_t (1 - r_t)

So the loop only carries dh_{t-1} = dh_t z_t + [dh_t ⊙ factors] U, and the weight gradients are one product each at the
end (as Appleyard et al. 2016 do on GPUs).
"""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def gru_layer(x: Tensor, initial: Tensor, weights: list[Tensor]) -> Tensor:
    """Outputs of a one-layer GRU in one direction or two, by Torch's equations.

    Args:
        x: (B, T, I), B and T at least 1.
        initial: (D, B, H), the states before the first step.
        weights: for each direction input weights (3H, I), recurrent weights (3H, H) and their biases (3H,), the blocks
            in the order reset, update, candidate.

    Returns:
        (B, T, D·H).
    """
    if x.is_cuda or not torch.is_grad_enabled():
        return torch.gru(x, initial, weights, True, 1, 0.0, torch.is_grad_enabled(), len(initial) == 2, True)[0]
    x = x.transpose(0, 1).contiguous()  # (T, B, I)
    directions = [_Direction.apply(x, state, d == 1, *weights[4 * d : 4 * d + 4]) for d, state in enumerate(initial)]
    return torch.cat(directions, dim=2).transpose(0, 1)  # (B, T, D·H)


class _Direction(torch.autograd.Function):
    """(T, B, I) inputs and a (B, H) initial state → (T, B, H) states, last step first computed when `backward`."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, initial: Tensor, backward: bool, w: Tensor, u: Tensor, b: Tensor, c: Tensor
    ) -> Tensor:
        steps, batch, _ = x.shape
        hidden = initial.shape[1]
        from_x = torch.addmm(b, x.flatten(0, 1), w.T).view(steps, batch, 3 * hidden)
        from_h, states = torch.empty_like(from_x), x.new_empty(steps, batch, hidden)
        gates, candidates = x.new_empty(steps, batch, 2 * hidden), torch.empty_like(states)
        h, turned = initial, u.T
        for t in reversed(range(steps)) if backward else range(steps):
            torch.addmm(c, h, turned, out=from_h[t])
            torch.add(from_x[t, :, : 2 * hidden], from_h[t, :, : 2 * hidden], out=gates[t]).sigmoid_()
            reset, update = gates[t, :, :hidden], gates[t, :, hidden:]
            n = torch.addcmul(from_x[t, :, 2 * hidden :], reset, from_h[t, :, 2 * hidden :], out=candidates[t]).tanh_()
            h = torch.lerp(n, h, update, out=states[t])
        ctx.save_for_backward(x, initial, states, gates, candidates, from_h[:, :, 2 * hidden :].contiguous(), w, u)
        ctx.backward_direction = backward
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        x, initial, states, gates, n, product, w, u = ctx.saved_tensors
        steps, batch, hidden = states.shape
        reverse = ctx.backward_direction
        # the state that each step started from
        before = torch.cat([states[1:], initial[None]] if reverse else [initial[None], states[:-1]])
        r, z = gates.split(hidden, dim=2)  # (T, B, H) each
        of_n = (1 - z) * (1 - n * n)
        factors = torch.stack([of_n * product * r * (1 - r), (before - n) * z * (1 - z), of_n * r], dim=2)

        grads = torch.empty_like(factors)  # (T, B, 3, H) of the pre-activations, as the recurrent product sees them
        dh = torch.empty_like(states)
        carried = torch.zeros_like(initial)
        for t in range(steps) if reverse else reversed(range(steps)):
            torch.add(grad[t], carried, out=dh[t])
            torch.mul(dh[t, :, None], factors[t], out=grads[t])
            carried = torch.addmm(dh[t] * z[t], grads[t].view(batch, 3 * hidden), u)

        flat = grads.view(steps * batch, 3 * hidden)
        grad_u, grad_c = flat.T @ before.flatten(0, 1), flat.sum(0)
        torch.mul(dh, of_n, out=grads[:, :, 2])  # the input's part of the candidate passes no reset gate
        grad_w, grad_b = flat.T @ x.flatten(0, 1), flat.sum(0)
        return (flat @ w).view_as(x), carried, None, grad_w, grad_u, grad_b, grad_c
