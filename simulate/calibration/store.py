"""Simulated trials kept on disk, so that an interrupted calibration goes on where it stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from simulate.distributions import FloatArray


class Store:
    """Arrays in files named by what they depend on.

    Parameters
    ----------
    folder : Path
        Of this work and no other; made when the first array is kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> FloatArray | None:
        """An array kept before; None if there is none, or its file is damaged."""
        try:
            found: FloatArray = np.load(self._folder / f"{key}.npy", allow_pickle=False)
        except (OSError, ValueError, EOFError):
            return None
        return found

    def put(self, key: str, array: FloatArray) -> None:
        """Keep an array; its file appears whole."""
        self._folder.mkdir(parents=True, exist_ok=True)
        unfinished = self._folder / f"{key}.unfinished.npy"
        np.save(unfinished, array, allow_pickle=False)
        unfinished.replace(self._folder / f"{key}.npy")
