"""A training run's state: what a step changes, what a checkpoint keeps, and how learning rates fall."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from models.hand.hand_data import HandData
from models.networks.systems.m3dhmr import M3dhmr
from models.networks.systems.mobrecon import MobRecon
from models.networks.systems.mobrecon_lm import MobReconLm
from models.training.checkpoint import Checkpoint, Position, read_checkpoint, write_checkpoint, write_weights
from models.training.config import TrainConfig
from models.training.ema import Ema
from models.training.feed import TrainBatch
from models.training.landmark import TEACHER, LandmarkLearner
from models.training.learners import EncoderLearner, PaperLearner


def make_learner(config: TrainConfig, network: nn.Module, hand: HandData) -> nn.Module:
    """The learner of a schedule: holds `network`; TrainBatch -> weighted loss terms by name.

    Raises ValueError where the schedule is not for this network.
    """
    if config.objective == "landmark":
        if not isinstance(network, MobReconLm):
            raise ValueError(f"schedule {config.schedule} trains mobrecon_lm alone, not {config.network}")
        return LandmarkLearner(config, network, hand)
    if config.objective == "encoder":
        if not isinstance(network, MobRecon | M3dhmr):
            raise ValueError(f"schedule {config.schedule} trains stacked encoders: {config.network} has none")
        return EncoderLearner(config, network)
    return PaperLearner(config, network, hand)


def make_optimiser(config: TrainConfig, learner: nn.Module) -> torch.optim.Optimizer:
    """Over the parameters that learn, each group by its learning rate."""
    if isinstance(learner, LandmarkLearner):
        groups = learner.groups()
    else:
        learning = [p for p in learner.parameters() if p.requires_grad]
        groups = [{"params": learning, "lr": config.learning_rate}]
    if config.optimiser == "adamw":
        return torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    return torch.optim.Adam(groups) if config.optimiser == "adam" else torch.optim.RMSprop(groups)


class Run:
    """One network in training, on the configuration's device."""

    def __init__(self, config: TrainConfig, network: nn.Module, hand: HandData) -> None:
        """network: on the CPU, as it starts. Raises ValueError where the schedule is not for it."""
        self.config, self.network = config, network.to(config.device)
        self.ema = Ema(network, config.ema)
        self.learner = make_learner(config, network, hand).to(config.device)
        self.learner.to(memory_format=torch.channels_last).train()  # type: ignore[call-overload]
        self.optimiser = make_optimiser(config, self.learner)
        self._learning_rates = [group["lr"] for group in self.optimiser.param_groups]
        self.position = Position()

    def restore(self, path: Path) -> str | None:
        """Go on from a checkpoint. Returns one line where it lacks something that a user may have to repeat.

        Raises ValueError where it is not of such a run.
        """
        found = read_checkpoint(path, self.config.network, self.config.schedule)
        try:
            missing, unknown = self.learner.load_state_dict(found.learner, strict=False)
            self.ema.network.load_state_dict(found.ema)
            self.optimiser.load_state_dict(found.optimiser)
        except (RuntimeError, ValueError) as error:
            raise ValueError(f"{path} is of another version of {self.config.network}; start anew") from error
        self.position = found.position
        without_teacher = bool(missing) and all(name.startswith(TEACHER) for name in missing)
        if unknown or (missing and not without_teacher):
            raise ValueError(f"{path} is of another version of {self.config.network}; start anew")
        if without_teacher:
            return f"{path} does not hold the weights the run began with: if by --start FILE, repeat it"
        return None

    def save(self, out: Path) -> None:
        """Write the averaged weights and a checkpoint. Raises OSError."""
        write_weights(out / "last.safetensors", self.ema.network)
        checkpoint = Checkpoint(
            self.config.network,
            self.config.schedule,
            self.position,
            self.learner.state_dict(),
            self.ema.network.state_dict(),
            self.optimiser.state_dict(),
        )
        write_checkpoint(out / "checkpoint.pt", checkpoint)

    def progress(self) -> float:
        """How much of the run is done, 0..1, by steps or by time."""
        if self.config.steps is not None:
            return self.position.step / self.config.steps
        return self.position.spent_s / (60 * (self.config.minutes or 0.0))

    def step(self, model: nn.Module, batch: TrainBatch, progress: float) -> tuple[Tensor, dict[str, Tensor]]:
        """One step of the optimiser: the loss, and its weighted terms by name.

        model: the learner, or what wraps it for several processes.
        """
        factor = self.learning_rate_factor(progress)
        for group, learning_rate in zip(self.optimiser.param_groups, self._learning_rates, strict=True):
            group["lr"] = learning_rate * factor
        terms: dict[str, Tensor] = model(batch)
        loss = torch.stack(list(terms.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(self.learner.parameters(), self.config.clip)
        self.optimiser.step()
        self.position.step += 1
        return loss, terms

    def learning_rate_factor(self, progress: float) -> float:
        """What the learning rates are multiplied by at this step, plateaus included."""
        return self.config.learning_rate_factor(self.position.step, progress) * self.position.plateau_rate

    def validated(self, mm: float) -> bool:
        """Note a validation's figure, lower the learning rates on a plateau; True: the best so far."""
        position, config = self.position, self.config
        best = mm < position.best_mm
        if best:
            position.best_mm = mm
        if config.decay == "plateau":
            if mm < position.plateau_best_mm:
                position.plateau_best_mm, position.plateau_waited = mm, 0
            else:
                position.plateau_waited += 1
            if position.plateau_waited > config.plateau_patience:
                position.plateau_rate *= config.plateau_factor
                position.plateau_waited = 0
        return best
