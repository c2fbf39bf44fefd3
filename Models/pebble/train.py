"""Trains pebble. Saves its state as it goes and continues from it when started again.

A round with `--start` begins from published weights, with new optimisers and a running average of its own.
"""

import argparse
import time
from pathlib import Path

import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from batches import Batches
from conversations import opening
from evaluate import accuracies, as_transformers, held_out, responses
from model import Configuration, Model
from muon import Muon

HERE = Path(__file__).parent


class Training:
    """The model, its optimisers, the running average of its weights and how long it has been trained."""

    def __init__(self, configuration: Configuration, seed: int):
        torch.manual_seed(seed)
        self.configuration, self.seed = configuration, seed
        self.model = Model(configuration)
        parameters = dict(self.model.named_parameters())
        matrices = [p for name, p in parameters.items() if p.dim() == 2 and name != "embedding"]
        others = [p for name, p in parameters.items() if p.dim() != 2 or name == "embedding"]
        self.muon = Muon(matrices, lr=0.02, decay=0.01)
        self.adam = torch.optim.AdamW(others, lr=3e-3, betas=(0.9, 0.98), weight_decay=0.0)
        self.average = {name: p.detach().clone() for name, p in parameters.items()}
        self.step, self.tokens, self.seconds = 0, 0, 0.0
        self.shares: dict[str, float] = {}
        self.drills = 0.6

    def save(self, path: Path):
        state = {
            "configuration": self.configuration.fields(), "model": self.model.state_dict(), "average": self.average,
            "muon": self.muon.state_dict(), "adam": self.adam.state_dict(), "step": self.step, "tokens": self.tokens,
            "seconds": self.seconds, "shares": self.shares, "drills": self.drills, "seed": self.seed,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.save(state, path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)

    def start(self, folder: Path):
        """Begins from the weights of a hub checkpoint."""
        self.model.load_hub_weights({name: weight.float() for name, weight in load_file(folder / "model.safetensors").items()})
        self.average = {name: p.detach().clone() for name, p in self.model.named_parameters()}

    @classmethod
    def resumed(cls, path: Path) -> "Training":
        state = torch.load(path, weights_only=True)
        training = cls(Configuration(**state["configuration"]), state["seed"])
        training.model.load_state_dict(state["model"])
        training.muon.load_state_dict(state["muon"])
        training.adam.load_state_dict(state["adam"])
        for name in ("average", "step", "tokens", "seconds", "shares"):
            setattr(training, name, state[name])
        training.drills = state.get("drills", training.drills)
        return training

    def averaged(self) -> Model:
        """A model with the running average of the weights."""
        model = Model(self.configuration)
        model.load_state_dict(self.average)
        return model

    def update(self, batch, rate: float, bfloat16: bool) -> float:
        """One step at a share `rate` of the full learning rates. Returns the loss."""
        self.muon.param_groups[0]["lr"], self.adam.param_groups[0]["lr"] = 0.02 * rate, 3e-3 * rate
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            loss = self.model.loss(batch.tokens, batch.positions, batch.documents, batch.branches, batch.learned)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimiser in (self.muon, self.adam):
            optimiser.step()
            optimiser.zero_grad(set_to_none=True)
        self.step += 1
        self.tokens += batch.tokens.numel()
        keep = min(0.997, 1 - 1 / (1 + self.step / 5))
        with torch.no_grad():
            for name, p in self.model.named_parameters():
                self.average[name].lerp_(p, 1 - keep)
        return loss.item()


def learning_rate(step: int, progress: float, decay: float) -> float:
    """Warm-up by steps, then constant, then linear to zero over the last share `decay` of the training."""
    return min(1.0, (step + 1) / 100, max(0.0, (1 - progress) / decay))


def balanced(scores: dict[str, float]) -> dict[str, float]:
    """Shares of the families: what fails is drawn more often."""
    return {family: 0.3 + (1 - score) for family, score in scores.items()} | {"small_talk": 0.08}


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--steps", type=int, nargs="+", default=[13_000, 20_000], help="where the rounds of the training end")
    arguments.add_argument("--start", type=Path, help="a hub checkpoint whose weights the training starts from")
    arguments.add_argument("--rate", type=float, default=1.0, help="share of the full rates of learning")
    arguments.add_argument("--turns", type=int, default=2, help="most turns of a conversation")
    arguments.add_argument("--several", type=float, default=0.08, help="share of conversations with more than one turn")
    arguments.add_argument("--decay", type=float, default=0.4, help="last share of a round's steps, over which the rate falls to zero")
    arguments.add_argument("--rows", type=int, default=12)
    arguments.add_argument("--length", type=int, default=256)
    arguments.add_argument("--hidden", type=int, default=192)
    arguments.add_argument("--layers", type=int, default=4)
    arguments.add_argument("--heads", type=int, default=6)
    arguments.add_argument("--intermediate", type=int, default=512)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--state", type=Path, default=HERE / ".train" / "state.pt")
    arguments.add_argument("--test-every", type=int, default=500, help="steps between looks at held-out problems")
    arguments.add_argument("--compile", action="store_true", help="a fifth faster, where a C++ compiler is installed")
    arguments.add_argument("--bfloat16", action="store_true", help="multiply in bfloat16: faster where the processor has it")
    options = arguments.parse_args()
    torch.set_num_threads(2)
    tokenizer = Tokenizer.from_file(str(HERE / "tokenizer.json"))
    if options.state.exists():
        training = Training.resumed(options.state)
    else:
        configuration = Configuration(
            vocabulary=tokenizer.get_vocab_size(), hidden=options.hidden, layers=options.layers, heads=options.heads,
            intermediate=options.intermediate,
        )
        training = Training(configuration, options.seed)
        if options.start:
            training.start(options.start)
    print(f"{sum(p.numel() for p in training.model.parameters()):,} parameters", flush=True)
    seed = options.seed * 1_000_003 + training.step
    batches = Batches(tokenizer, options.rows, options.length, options.turns, options.several, seed)
    batches.shares.update(training.shares or balanced({f: 0.5 for f in batches.shares}) | {"multiplication": 1.2})
    batches.drills = training.drills
    test = held_out(12, seed=7)

    def rebalance():
        """Looks at held-out problems and draws what fails more often."""
        model = as_transformers(training.configuration, training.averaged().hub_weights())
        scores = accuracies(test, responses(model, tokenizer, [opening(line["problem"]) for line in test]))
        mean = sum(scores.values()) / len(scores)
        training.shares, training.drills = balanced(scores), 0.4 * (1 - mean)
        batches.shares.update(training.shares)
        batches.drills = training.drills
        print(f"accuracy {mean:.3f} " + " ".join(f"{f}={s:.2f}" for f, s in scores.items()), flush=True)

    if options.start and not training.shares:
        rebalance()
    if options.compile:
        training.model.forward = torch.compile(training.model.forward)
    losses: list[float] = []
    for end in options.steps:
        while training.step < end:
            begin = time.monotonic()
            rate = options.rate * learning_rate(training.step, training.step / end, options.decay)
            losses.append(training.update(batches.next(), rate, options.bfloat16))
            if training.step % options.test_every == 0:
                rebalance()
            training.seconds += time.monotonic() - begin
            if training.step % 50 == 0:
                recent = sum(losses[-50:]) / len(losses[-50:])
                print(f"{training.seconds / 60:6.1f} min  step {training.step}  loss {recent:.4f}", flush=True)
                training.save(options.state)
    training.save(options.state)
