"""Any number of replicates in bounded memory: the whole command, with its tables and its report."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

pytestmark = pytest.mark.verify

ROOT = Path(__file__).parents[2]
REPLICATES = 100_000
"""Their values alone are 300 MiB."""

COMMAND = """
import sys
from pathlib import Path
from simulate.cli import main
code = main(sys.argv[1:])
print(Path("/proc/self/status").read_text())
sys.exit(code)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak is read off /proc")
def test_a_hundred_thousand_replicates_stay_under_512_mib(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "simulate", "warmup"], cwd=ROOT, check=True)
    words = ["run", "scenarios/kn026_phase2.yaml", "-n", str(REPLICATES), "--workers", "2"]
    words += ["--out", str(tmp_path), "--set", "sweep=[]"]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    peak = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert peak is not None
    assert int(peak[1]) / 1024 < 512
    folder = tmp_path / "kn026_phase2"
    assert json.loads((folder / "manifest.json").read_text())["engine"] == "batch"
    orr = pd.read_parquet(folder / "replicates.parquet", columns=["replicate", "orr"])
    assert orr["replicate"].tolist() == list(range(REPLICATES))
    assert orr["orr"].between(0, 1).all()
