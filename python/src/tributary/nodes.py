"""A loader as a node of `torchdata.nodes`, to go on with Mapper, Prefetcher and their kin. Needs torchdata 0.10 or later."""

from __future__ import annotations

from typing import Any, Dict, Optional

from torchdata.nodes import BaseNode  # pyright: ignore[reportMissingImports]

from tributary.loader import Loader


class LoaderNode(BaseNode):
    """The batches of a loader, whose state is its own. Each reset begins the loader's next epoch, or goes on from a state."""

    def __init__(self, loader: Loader):
        super().__init__()
        self._loader = loader
        self._batches: Any = None

    def reset(self, initial_state: Optional[Dict[str, Any]] = None) -> None:
        """Begins an iteration. What is under way ends."""
        super().reset(initial_state)
        if self._batches is not None:
            self._batches.close()
        if initial_state is not None:
            self._loader.load_state_dict(initial_state)
        self._batches = iter(self._loader)

    def next(self) -> Any:
        """The next batch."""
        return next(self._batches)

    def get_state(self) -> Dict[str, Any]:
        """Where the last batch leaves off."""
        return self._loader.state_dict()
