"""The trainer's side of Tributary: streams batches of augmented images, and tells the weight decay of an epoch."""

from __future__ import annotations

from tributary.batch import IGNORE, Address, Batch, Box, Sample
from tributary.credentials import Tls
from tributary.errors import TributaryError
from tributary.loader import BatchIterator, Loader
from tributary.normalize import normalize
from tributary.run import RunDescription
from tributary.schedule import Schedule

__version__ = "0.2.0"

__all__ = [
    "IGNORE",
    "Address",
    "Batch",
    "BatchIterator",
    "Box",
    "Loader",
    "RunDescription",
    "Sample",
    "Schedule",
    "Tls",
    "TributaryError",
    "normalize",
]
