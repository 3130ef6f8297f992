"""The package's public names: each leads somewhere, and none hides a module of the same name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import simulate


def test_every_public_name_resolves_to_something_callable() -> None:
    for name in simulate.__all__:
        assert callable(getattr(simulate, name)), name


def test_no_public_name_is_also_a_module() -> None:
    modules = {path.stem for path in Path(simulate.__file__).parent.iterdir()}
    assert not modules & set(simulate.__all__)


def test_importing_the_package_imports_nothing_slow() -> None:
    code = (
        "import simulate, sys; print([m for m in ('numpy', 'pandas', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
