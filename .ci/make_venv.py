"""Make ``.venv`` from ``requirements.lock``, or repair it; quick when there is nothing to do.

Two stamps inside ``.venv`` say what is in it. Each is written only after its step has ended well,
so an install that was killed at any moment leaves no stamp, and the next call does it again:

packages
    Everything in the lock file. Its stamp is keyed by the lock file, the Python version and the
    machine. Without it the environment is rebuilt from nothing, because a killed pip can leave a
    package that looks installed and is not.
project
    This project itself, installed as editable. Its stamp is keyed by ``pyproject.toml`` and the
    place of the checkout, so that a moved checkout finds itself again without new downloads.

One call at a time works on ``.venv``; the others wait. The log is the file that they lock: pip
writes to it and so inherits the lock, which is held while an orphaned pip is still at work and
cannot go stale, because it ends with its processes.

Only the standard library is used: this runs before anything is installed.
"""

import contextlib
import fcntl
import hashlib
import os
import platform
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / "bin" / "python"
LOCK = ROOT / "requirements.lock"
LOG = ROOT / ".setup.log"
PACKAGES_STAMP = VENV / "packages.stamp"
PROJECT_STAMP = VENV / "project.stamp"
PIP = [str(VENV_PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]

# Settings of the caller's shell that would let packages from elsewhere count as installed, or
# would send ours elsewhere. Proxy, certificate and index settings are the user's and stay.
FOREIGN = ("PYTHONPATH", "PYTHONHOME", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT")


class SetupError(Exception):
    """The environment could not be made; the text says why and what to do."""


def python_version() -> str:
    """Return implementation and minor version, for example ``CPython 3.11``."""
    return f"{platform.python_implementation()} {sys.version_info.major}.{sys.version_info.minor}"


def digest(*parts: bytes | str) -> str:
    """Return one hash of several texts, in which the borders between them count."""
    whole = hashlib.sha256()
    for part in parts:
        data = part if isinstance(part, bytes) else part.encode()
        whole.update(f"{len(data)}:".encode() + data)
    return whole.hexdigest()


def packages_key() -> str:
    """Return what the installed packages depend on."""
    return digest(LOCK.read_bytes(), python_version(), platform.system(), platform.machine())


def project_key() -> str:
    """Return what the installation of the project itself depends on."""
    return digest((ROOT / "pyproject.toml").read_bytes(), str(VENV), packages_key())


def holds(stamp: Path, key: str) -> bool:
    """Tell whether a step has been completed for this key."""
    try:
        return stamp.read_text() == key
    except OSError:
        return False


def interpreter_works() -> bool:
    """Tell whether ``.venv`` has a working Python of the wanted version.

    It may not: the Python it was made from can have been removed or replaced.
    """
    question = (
        "import platform, sys;"
        "print(platform.python_implementation(), '%d.%d' % sys.version_info[:2])"
    )
    try:
        answer = subprocess.run(
            [VENV_PYTHON, "-I", "-c", question], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return False
    return answer.stdout.strip() == python_version()


def packages_ready() -> bool:
    """Tell whether everything in the lock file is installed."""
    return holds(PACKAGES_STAMP, packages_key()) and interpreter_works()


def project_ready() -> bool:
    """Tell whether this checkout is installed."""
    return holds(PROJECT_STAMP, project_key())


@contextlib.contextmanager
def alone() -> Iterator[TextIO]:
    """Wait until no other process works on ``.venv``, and give the emptied log."""
    with LOG.open("a") as log:
        try:
            fcntl.flock(log, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is setting up .venv; waiting for it")
            fcntl.flock(log, fcntl.LOCK_EX)
        log.truncate(0)
        yield log


def say(text: str) -> None:
    """Tell the user what goes on, on stderr: the output of a run stays clean."""
    print(text, file=sys.stderr, flush=True)


def call(command: list[str], log: TextIO) -> None:
    """Run one step, its output in the log; raise `SetupError` with the log's end if it fails."""
    environment = {name: value for name, value in os.environ.items() if name not in FOREIGN}
    environment["PIP_USER"] = "0"
    print("$", *command, file=log, flush=True)
    done = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        end = "".join(LOG.read_text(errors="replace").splitlines(keepends=True)[-15:])
        raise SetupError(
            f"{end}\nsetting up .venv failed at: {' '.join(command)}\n"
            f"The whole log is {LOG}. The next call begins again; `make distclean` removes .venv."
        )


def build_tool() -> str:
    """Return the lock file's entry of setuptools, which builds what comes without a wheel."""
    entry = re.search(r"^setuptools==(?:.*\\\n)*.*$", LOCK.read_text(), flags=re.MULTILINE)
    if entry is None:
        raise SetupError(f"{LOCK} has no entry for setuptools")
    return entry.group()


def install_packages(log: TextIO) -> None:
    """Rebuild ``.venv`` from nothing with exactly what the lock file names.

    setuptools comes first and pip's isolated builds are off, because they would fetch a build tool
    that no hash vouches for.
    """
    say("setting up .venv (once, about a minute)")
    # the base interpreter: an activated .venv must not clear itself from the inside
    base = getattr(sys, "_base_executable", None) or sys.executable
    call([base, "-m", "venv", "--clear", str(VENV)], log)
    first = VENV / "build-tool.lock"
    first.write_text(build_tool() + "\n")
    for requirements in (first, LOCK):
        arguments = ["--require-hashes", "--no-build-isolation", "--requirement", str(requirements)]
        call([*PIP, "--progress-bar=off", *arguments], log)
    PACKAGES_STAMP.write_text(packages_key())


def install_project(log: TextIO) -> None:
    """Install this checkout as editable; its dependencies are there already."""
    call([*PIP, "--no-deps", "--no-build-isolation", "--editable", str(ROOT)], log)
    PROJECT_STAMP.write_text(project_key())


def set_up() -> None:
    """Do the steps that are not done yet."""
    if packages_ready() and project_ready():
        return
    with alone() as log:
        start = time.monotonic()
        if not packages_ready():
            PACKAGES_STAMP.unlink(missing_ok=True)
            PROJECT_STAMP.unlink(missing_ok=True)
            install_packages(log)
        if not project_ready():
            install_project(log)
            say(f".venv is ready ({time.monotonic() - start:.0f} s)")


def main() -> int:
    """Make ``.venv`` ready and return the exit code."""
    try:
        set_up()
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"setting up .venv failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next call sets up .venv again")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
