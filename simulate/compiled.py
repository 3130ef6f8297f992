"""Rules of the trial, callable from Python and from compiled code alike.

A rule is a small function of integers and floats that decides one thing about one patient. The
SimPy engine calls it as plain Python; compiled kernels call the very same function through Numba.
That is why rules use only integers, ``+ - * /`` on floats, comparisons, and arrays by index: what
they return is the same to the last bit in both worlds.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import numba
from numba.core import types
from numba.extending import intrinsic, overload, register_jitable

_MARKS = (b"@rule", b"@part", b"@routine", b"@kernel", b"@overload", b"NamedTuple")
"""What makes a file count: compiled code, or the tables whose layout is compiled into it."""

_njit: Any = numba.njit
"""With options that Numba's types leave out: without NRT nothing is allocated, nor counted."""

_WITHOUT_WRAPPERS = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
"""For what only compiled code calls: each wrapper would hold all its inlined code once more."""

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def rule(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a function as a rule: Python when called from Python, inlined when from a kernel."""
    mark = register_jitable(forceinline=True, **_WITHOUT_WRAPPERS)
    decorated: Callable[Parameters, Result] = mark(function)
    return decorated


def kernel(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Compile a loop over rules: no interpreter lock, and cached on disk between runs."""
    _prepare_cache()
    decorate = _njit(nogil=True, cache=True, _nrt=False, error_model="numpy", no_cfunc_wrapper=True)
    compiled: Callable[Parameters, Result] = decorate(function)
    return compiled


def part(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a piece of a kernel that is compiled into its caller.

    The tables of a plan are hundreds of numbers, too many to hand over at every call.
    """
    decorate = _njit(_nrt=False, forceinline=True, error_model="numpy", **_WITHOUT_WRAPPERS)
    compiled: Callable[Parameters, Result] = decorate(function)
    return compiled


def routine(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Mark a piece of a kernel that is compiled on its own and called; it calls `stay_apart`.

    For loops that the compiler turns into SIMD, and for what is rare but long: inlined, their many
    constants would be kept in registers all the time, and what is frequent would suffer.
    """
    decorate = _njit(_nrt=False, error_model="numpy", **_WITHOUT_WRAPPERS)
    compiled: Callable[Parameters, Result] = decorate(function)
    return compiled


@intrinsic
def _never_inline(typing: Any) -> Any:
    """Mark the function in whose body it is called."""
    del typing

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        del signature, arguments
        builder.function.attributes.discard("alwaysinline")  # handed down by its caller
        builder.function.attributes.add("noinline")
        return context.get_dummy_value()

    return types.void(), code


def _as_it_is() -> None:
    """Do nothing: without the compiler nothing is inlined."""


stay_apart: Any = _as_it_is if vars(numba.config)["DISABLE_JIT"] else _never_inline
"""To be called first in a routine: keeps the compiler from inlining it after all."""


def keep_apart() -> None:
    """To be called first in a rule that is long and not always needed: it is not inlined.

    As `stay_apart` in a routine, but Python may call the rule, too.
    """


@overload(keep_apart, inline="always")
def _keep_apart() -> Callable[[], None]:
    def code() -> None:
        stay_apart()

    return code


def source_digest() -> str:
    """Hash of every source file that compiled code depends on, and of Numba's version.

    Numba's own cache looks only at the file that holds a kernel, and would go on running old
    machine code after an edit of a rule in another file. So the cache folder carries this hash.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        source = path.read_bytes()
        if any(mark in source for mark in _MARKS):
            digest.update(source)
    return digest.hexdigest()[:16]


def _prepare_cache() -> None:
    """Point Numba's cache at a folder of this very source, once a process."""
    if _cache_is_ready():
        return
    home = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    for parent in (home, Path(tempfile.gettempdir())):
        folder = parent / "simulate" / "kernels" / source_digest()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            _set_cache(folder)
            return


def _cache_is_ready() -> bool:
    return "kernels" in str(vars(numba.config)["CACHE_DIR"])


def _set_cache(folder: Path) -> None:
    vars(numba.config)["CACHE_DIR"] = str(folder)
