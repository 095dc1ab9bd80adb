"""Batches for frameworks other than torch. With `TRIBUTARY_TORCH=0` in the environment, torch is not imported."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tributary.batch import Batch


def to_jax(batch: Batch, device: Any = None) -> Batch:
    """The same batch with images and labels as JAX arrays, labels as int32: on a JAX device, or on JAX's default one. Images
    go over DLPack: copied once to a device, and on the CPU not at all, so that they must not be written afterwards. bfloat16
    is JAX's own.
    """
    import jax  # pyright: ignore[reportMissingImports]
    from jax import numpy  # pyright: ignore[reportMissingImports]

    def moved(array: Any) -> Any:
        images = numpy.from_dlpack(array)
        if str(images.dtype) == "uint16":
            # numpy has no bfloat16, and so has it as its bits.
            images = jax.lax.bitcast_convert_type(images, numpy.bfloat16)
        return jax.device_put(images, device)

    return replace(
        batch.with_views(moved),
        labels=jax.device_put(numpy.asarray(batch.labels, dtype=numpy.int32), device),
    )
