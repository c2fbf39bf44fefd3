"""Muon: momentum whose matrices are orthogonalised by Newton-Schulz steps before they are applied."""

import torch
from torch import Tensor


def orthogonalised(updates: Tensor, steps: int = 5) -> Tensor:
    """The nearest matrices with singular values near one, for a stack [count, rows, columns]."""
    tall = updates.shape[1] > updates.shape[2]
    x = updates.transpose(1, 2) if tall else updates
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        square = x @ x.transpose(1, 2)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr: float, momentum: float = 0.95, decay: float = 0.0):
        super().__init__(parameters, {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            stacks: dict[tuple, list] = {}
            for parameter in group["params"]:
                state = self.state[parameter]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(parameter)
                momentum = state["momentum"].lerp_(parameter.grad, 1 - group["momentum"])
                update = parameter.grad.lerp(momentum, group["momentum"])
                stacks.setdefault(tuple(parameter.shape), []).append((parameter, update))
            for (rows, columns), stack in stacks.items():
                directions = orthogonalised(torch.stack([update for _, update in stack]))
                scale = group["lr"] * max(1.0, rows / columns) ** 0.5
                for (parameter, _), direction in zip(stack, directions):
                    parameter.mul_(1 - group["lr"] * group["decay"]).add_(direction, alpha=-scale)
