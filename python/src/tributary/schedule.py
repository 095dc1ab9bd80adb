"""The schedule endpoint: what an epoch's weight decay is."""

from __future__ import annotations

from typing import Any, List, Optional, Sequence, Tuple

from tributary import behaviour, contract, receiver
from tributary.credentials import Credentials
from tributary.errors import wrong
from tributary.loader import Loader
from tributary.replicas import Options, Target, endpoints
from tributary.run import selector


class Schedule:
    """Weight decay and learning-rate factor of every epoch of a run.

    All epochs are asked for at once, when the first is needed, and kept: every rank may ask, and all get the same. A
    trainer whose schedule endpoint dies later on does not notice. Errors are `TributaryError`.
    """

    def __init__(
        self,
        target: Target,
        run: Optional[str] = None,
        *,
        inline_run: Optional[str] = None,
        fingerprint: str = "",
        credentials: Optional[Credentials] = None,
        channel_options: Sequence[Tuple[str, Any]] = (),
        connect_timeout: float = behaviour.CONNECT_TIMEOUT,
        patience: float = behaviour.PATIENCE,
    ):
        endpoints(target)
        selector(run, inline_run)
        self.run = run or ""
        self._target = target
        self._inline_run = inline_run
        self._wanted_fingerprint = fingerprint
        self._options = Options(credentials, tuple(channel_options), connect_timeout, patience)
        self._fingerprint = ""
        self._epochs: List[Tuple[float, float]] = []

    @classmethod
    def beside(cls, loader: Loader, target: Target) -> Schedule:
        """The schedule of a loader's run, at a target of its own: asked for with the loader's credentials, channel options
        and times to wait.
        """
        run, wanted = loader._selected(), loader._wanted_fingerprint
        schedule = cls(target, run.name or None, inline_run=run.inline_run or None, fingerprint=wanted)
        schedule._options = loader._options
        return schedule

    def __enter__(self) -> Schedule:
        return self

    def __exit__(self, *_: Any) -> None:
        # Nothing is open between two questions.
        pass

    def _load(self) -> None:
        if self._epochs:
            return
        answers = receiver.ask(
            self._target,
            self._options,
            f"/{contract.SCHEDULE_SERVICE}/ListEpochSchedules",
            contract.ListEpochSchedulesRequest(
                run=selector(self.run, self._inline_run), expected_fingerprint=self._wanted_fingerprint
            ),
            contract.ListEpochSchedulesResponse,
            f"the schedule of run {self.run or 'inline'}",
            1,
        )
        answer = answers[0][1]
        self._fingerprint = answer.fingerprint
        self._epochs = [(e.weight_decay, e.learning_rate_factor) for e in answer.schedules]

    def _epoch(self, epoch: int) -> Tuple[float, float]:
        self._load()
        if not 0 <= epoch < len(self._epochs):
            raise wrong(
                "EPOCH_OUT_OF_RANGE",
                f"an epoch from 0 to {len(self._epochs) - 1}",
                str(epoch),
                "The schedule ends with the run: set the run's epochs to those that you train",
            )
        return self._epochs[epoch]

    def __len__(self) -> int:
        """The number of epochs of the run."""
        self._load()
        return len(self._epochs)

    @property
    def fingerprint(self) -> str:
        """The fingerprint of the run: the loader's, where both serve the same run."""
        self._load()
        return self._fingerprint

    def weight_decay(self, epoch: int) -> float:
        """Weight decay of an epoch, for the parameter groups whose weight decay is not 0."""
        return self._epoch(epoch)[0]

    def learning_rate_factor(self, epoch: int) -> float:
        """The factor on lr0 in an epoch, without warm-up."""
        return self._epoch(epoch)[1]

    def apply(self, optimizer: Any, epoch: int) -> float:
        """Sets an epoch's weight decay on a torch optimizer's groups, but for those at 0, and returns it.

        Groups at 0 (biases, norms) stay there, as upstream's callback has it (ultralytics callbacks/wd_schedule.py).
        """
        weight_decay = self.weight_decay(epoch)
        for group in optimizer.param_groups:
            if group.get("weight_decay", 0) > 0:
                group["weight_decay"] = weight_decay
        return weight_decay

    def check_loader(self, loader: Loader) -> None:
        """Raises FINGERPRINT_MISMATCH where loader and schedule serve different runs."""
        if self.fingerprint != loader.fingerprint:
            raise wrong(
                "FINGERPRINT_MISMATCH",
                f"the loader's run {loader.fingerprint}",
                f"{self.fingerprint} from the schedule endpoint",
                "Give both endpoints the same config",
                loader=loader.fingerprint,
                schedule=self.fingerprint,
            )
