"""The phase III with parameters from a calibration: at its point, and over its posterior draws."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_randomised import small_phase_iii

from simulate.choose_engine import REFERENCE
from simulate.look_replicates import run_look_replicates
from simulate.publish_randomised import write_tables
from simulate.randomised.execute import execute
from simulate.randomised.job import make_randomised_job, manifest
from simulate.randomised.outcomes import Outcomes
from simulate.randomised.result import RandomisedResult
from simulate.randomised.seen_trials import TrialMaker
from simulate.randomised.text import results_in_words

N = 5


@pytest.fixture(scope="module")
def result() -> RandomisedResult:
    return execute(make_randomised_job(small_phase_iii(), replicates=N, engine=REFERENCE))


def days(outcomes: Outcomes) -> list[float]:
    """Where each trial ended."""
    return outcomes.at_stop("cut_day").tolist()


def test_replicates_over_draws_are_run_beside_those_at_the_point(result: RandomisedResult) -> None:
    posterior = result.posterior
    assert posterior is not None
    assert (posterior.n, result.outcomes.n) == (N, N)
    assert days(posterior) != days(result.outcomes)
    drawn = run_look_replicates(
        small_phase_iii("parameters.use=draws"), replicates=N, engine=REFERENCE
    )
    assert drawn["final"].n_draws == 1000
    for name in ("interim", "final"):
        for column in ("cut_day", "pfs.z", "pfs.decision"):
            np.testing.assert_array_equal(
                posterior.looks.column(name, column), drawn[name].column(column)
            )
    frame = drawn["interim"].frame(1, 4)
    assert list(frame.columns[:3]) == ["replicate", "analysis", "draw"]
    assert frame["draw"].tolist() == [1, 2, 3]


def test_power_over_draws_is_counted_and_told(result: RandomisedResult) -> None:
    assert result.posterior is not None
    hypothesis, beside = result.job.scenario.hypotheses
    rejected = result.posterior.rejects(hypothesis).mean()

    table = result.operating
    row, other = table[table["measure"] == "reject_over_draws"].to_dict("records")

    assert other["estimate"] == result.posterior.rejects(beside).mean()
    assert (other["hypothesis"], other["endpoint"]) == ("pfs_inv", "PFS_INV")
    assert (row["hypothesis"], row["endpoint"], row["n_requested"]) == ("pfs", "PFS", N)
    assert row["estimate"] == rejected
    words = results_in_words(result)
    assert f"pfs: power over posterior draws {100 * rejected:.2f}% (MCSE" in words
    assert words.startswith("pfs: power ")
    assert not table["measure"].str.contains("bias").any(), "there is no true hazard ratio"


def test_a_trial_of_a_draw_is_made_again_with_its_draw() -> None:
    drawn = small_phase_iii("parameters.use=draws")
    looks = run_look_replicates(drawn, replicates=3, engine=REFERENCE)["interim"]
    maker, of_point = TrialMaker(drawn, drawn.seed), TrialMaker(small_phase_iii(), drawn.seed)

    for replicate in range(3):
        seen = maker.make(replicate)
        cut_day = int(looks.column("cut_day")[replicate])
        n = int((seen.enrolled <= cut_day).sum())
        _, event = seen.sample(0, cut_day, n)
        assert n == looks.column("n_enrolled")[replicate]
        assert event.sum() == looks.column("pfs.events")[replicate]
        assert not seen.subjects.equals(of_point.make(replicate).subjects)


def test_replicates_that_take_draws_say_which(result: RandomisedResult, tmp_path: Path) -> None:
    job = make_randomised_job(small_phase_iii("parameters.use=draws"), replicates=3)
    drawn = execute(job)
    for name, each in (("drawn", drawn), ("point", result)):
        (tmp_path / name).mkdir()
        write_tables(each, tmp_path / name)

    table = pd.read_parquet(tmp_path / "drawn" / "replicates.parquet")
    assert (table["draw"] == table["replicate"]).all()
    assert table.columns[:3].tolist() == ["replicate", "analysis", "draw"]
    assert "draw" not in pd.read_parquet(tmp_path / "point" / "replicates.parquet").columns
    assert drawn.posterior is None, "they are over the draws themselves"
    record = manifest(job)["parameters"]
    assert record["use"] == "draws"
    assert "replicates_over_draws" not in record


def test_the_manifest_names_fit_and_draws(result: RandomisedResult) -> None:
    record, over = result.manifest["parameters"], result.job.over_draws
    assert over is not None
    assert over.draws is not None

    assert (record["fit"], record["use"]) == ("full", "point")
    assert (record["draws"], record["draws_digest"]) == (over.draws.n, over.draws.digest)
    assert record["replicates_over_draws"] == N
    null = make_randomised_job(small_phase_iii(), null=True)
    assert null.over_draws is None, "there is one type I error, whatever the parameters"
