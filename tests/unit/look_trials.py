"""Random trials with looks of every kind, to be looked at by the rules and by their definition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any, NamedTuple

import numpy as np
from naive_looks import EVALUABLE_AFTER, NaivePatient, NaiveTrial

from simulate.build_observation import review_plan, review_room
from simulate.compiled import kernel
from simulate.distributions import NEVER, FloatColumn, IntArray
from simulate.looks.book import BoundBook
from simulate.looks.boundaries import LookBounds, Path
from simulate.looks.bounds import BoundTree
from simulate.looks.build import look_plan, look_room
from simulate.looks.columns import column_names
from simulate.looks.design import LookDesign
from simulate.looks.review_plan import Review
from simulate.looks.seen import RESPONSE_RATE, Observation
from simulate.packed import pack, unpacked
from simulate.plan import with_lists
from simulate.scenario.analyses import Analysis
from simulate.scenario.monitoring import Estimates, Hypothesis
from simulate.scenario.survival_scenario import SurvivalScenario
from simulate.survival_ledger import SurvivalLedger, survival_ledger
from simulate.survival_runner import Watch, look_at_trial

TO_COPY = FilePath(__file__).parents[2] / "scenarios" / "generic_two_arm.yaml"

ORIGIN = dt.date(2030, 1, 1)
LAST_DAY = 150
ARMS = ("control", "low", "high")
N_STRATA = 3
GROUPS = ("a", "b", "c")
POPULATIONS: tuple[dict[str, Any], ...] = (
    *({}, {}, {}),
    *({"group": ("a",)}, {"group": ("c", "b")}, {"group": ("b", "c")}),
)


class FakeBoundaries:
    """Bounds that any count changes, and that the test can foresee."""

    def __init__(self, n_looks: Sequence[int]) -> None:
        self._n_looks = n_looks

    def __len__(self) -> int:
        return len(self._n_looks)

    def bounds(self, hypothesis: int, path: Path) -> LookBounds:
        return LookBounds(
            1.1 - 0.01 * path[-1] - 0.001 * sum(path[:-1]),
            -0.6 + 0.001 * path[-1],
            decides=len(path) == self._n_looks[hypothesis],
        )

    def find(self, hypothesis: int, paths: Sequence[Path]) -> list[LookBounds]:
        return [self.bounds(hypothesis, path) for path in paths]


@dataclass
class Case:
    """A trial and its looks."""

    design: LookDesign
    patients: list[NaivePatient]
    scans: list[int] | None

    @property
    def naive(self) -> NaiveTrial:
        return NaiveTrial(self.design, self.patients, self.scans)

    @property
    def boundaries(self) -> FakeBoundaries:
        return FakeBoundaries([len(self.design.looks_of(h)) for h in self.design.hypotheses])


# ---- random trials --------------------------------------------------------------------------


def random_case(rng: np.random.Generator) -> Case:
    """A trial of up to 60 patients in two or three arms."""
    n, arms = int(rng.integers(1, 61)), ARMS[: rng.integers(2, 4)]
    size = n + int(rng.choice([0, 0, 3]))  # sometimes not full by the end
    has_rate = bool(rng.random() < 0.6)
    design = LookDesign(
        analyses=tuple(_analysis(rng, i, size) for i in range(rng.integers(1, 4))),
        hypotheses=(),
        estimates=Estimates(
            when=str(rng.choice(["every_look", "stop"])),
            landmarks=("10.5 days", "30 days"),
            rmst="25.5 days",
            tests=tuple(
                {
                    "name": f"t{i}",
                    "test": _test(rng, has_rate=has_rate),
                    "hypotheses": ("h0", "h2") if i == 1 else None,
                }
                for i in range(rng.choice([0, 0, 3]))
            ),
        ),
        endpoints=("PFS", "OS", "ORR") if has_rate else ("PFS", "OS"),
        arms=arms,
        sample_size=size,
        origin=ORIGIN,
        last_day=LAST_DAY,
        compares_all=bool(rng.random() < 0.5),
        rates=("ORR",) if has_rate else (),
        groups=tuple({"group": level} for level in GROUPS),
    )
    design = LookDesign(**vars(design) | {"hypotheses": _hypotheses(rng, design)})
    scans = None if rng.random() < 0.5 else [0, *range(9, 60, 9), *range(70, 151, 20)]
    return Case(design, _patients(rng, n, arms), scans)


def _patients(rng: np.random.Generator, n: int, arms: Sequence[str]) -> list[NaivePatient]:
    enrolled = np.sort(rng.integers(0, rng.choice([1, 40, 120]), n))
    found = []
    for day in enrolled:
        progression, death, dropout = (
            None if rng.random() < never else int(rng.exponential(scale))
            for scale, never in ((20, 0.2), (40, 0.2), (80, 0.5))
        )
        if death is not None and progression is not None and death <= progression:
            progression = None
        arm, stratum = str(rng.choice(arms)), int(rng.integers(N_STRATA))
        group, responds = str(rng.choice(GROUPS)), bool(rng.random() < 0.4)
        found.append(
            NaivePatient(int(day), arm, stratum, progression, death, dropout, group, responds)
        )
    return found


def _trigger(rng: np.random.Generator, size: int) -> dict[str, Any]:
    match rng.integers(5):
        case 0:
            return {"date": ORIGIN + dt.timedelta(days=int(rng.integers(1, LAST_DAY)))}
        case 1:
            count = int(rng.integers(1, size + 1))
            return {"enrolled": {"count": count, "after": f"{rng.integers(0, 60)} days"}}
        case 2:
            return {"follow_up": f"{rng.integers(1, 60)} days"}
    endpoint, count = str(rng.choice(["PFS", "OS"])), int(rng.integers(1, 1 + max(1, size // 2)))
    population = POPULATIONS[rng.integers(len(POPULATIONS))]
    return {"events": {"endpoint": endpoint, "count": count, "population": population}}


def _analysis(rng: np.random.Generator, look: int, size: int) -> Analysis:
    triggers = [_trigger(rng, size) for _ in range(rng.integers(1, 4))]
    kind = str(rng.choice(["all", "any"]))
    cut = triggers[0] if len(triggers) == 1 else {kind: tuple(triggers)}
    lag = str(rng.choice(["0 days", "20 days"]))
    return Analysis(id=look + 1, name=f"look_{look}", cut=cut, cleaning_lag=lag)


TESTS: tuple[dict[str, Any], ...] = (
    {"kind": "log_rank", "stratified": True},
    {"kind": "fleming_harrington", "gamma": 1.0},
    {"kind": "fleming_harrington", "rho": 0.5, "gamma": 0.5, "stratified": True},
    {"kind": "modestly_weighted", "delay": "10 days"},
    {"kind": "modestly_weighted", "survival": 0.5, "stratified": True},
    {"kind": "max_combo", "weights": ({"rho": 0.0}, {"gamma": 1.0})},
    {"kind": "max_combo", "weights": ({"rho": 1.0}, {"delay": "15 days"}), "stratified": True},
    {"kind": "rmst", "until": "20 days"},
    {"kind": "milestone", "time": "20 days"},
    {"kind": "milestone", "time": "12.5 days", "scale": "log_log"},
    {"kind": "win_ratio", "order": ("OS", "PFS")},
    {"kind": "win_ratio", "order": ("PFS",), "measure": "net_benefit"},
)


RATE_TESTS: tuple[dict[str, Any], ...] = (
    {"kind": "response"},
    {"kind": "response", "method": "cmh"},
)


def _test(rng: np.random.Generator, *, has_rate: bool = False) -> str | dict[str, Any]:
    """A log-rank test as often as any other."""
    if has_rate and rng.random() < 0.2:
        return RATE_TESTS[rng.integers(2)]
    if rng.random() < 0.5:
        return str(rng.choice(["log_rank", "stratified_log_rank"]))
    return TESTS[rng.integers(len(TESTS))]


def _hypotheses(rng: np.random.Generator, design: LookDesign) -> tuple[Hypothesis, ...]:
    found = []
    names = [analysis.name for analysis in design.analyses]
    for i in range(rng.integers(0, 4)):
        experimental, control = rng.permutation(design.arms)[:2]
        chosen = [name for name in names if rng.random() < 0.7] or names[-1:]
        endpoint = str(rng.choice(design.endpoints))
        found.append(
            Hypothesis(
                id=i + 1,
                name=f"h{i}",
                endpoint=endpoint,
                experimental=str(experimental),
                control=str(control),
                population=POPULATIONS[rng.integers(len(POPULATIONS))],
                test=RATE_TESTS[rng.integers(2)] if endpoint == "ORR" else _test(rng),
                analyses=tuple(chosen),
                information=int(rng.integers(5, 40)),
            )
        )
    return tuple(found)


# ---- looked at by the rules -----------------------------------------------------------------


def ledger_of(case: Case) -> SurvivalLedger:
    """The ledger that holds the patients."""
    zeros = [0] * len(case.patients)

    def days(name: str) -> list[int]:
        found = [getattr(patient, name) for patient in case.patients]
        return [NEVER if day is None else day for day in found]

    return survival_ledger(
        {
            "region": zeros,
            "cell": [GROUPS.index(patient.group) for patient in case.patients],
            "stratum": [patient.stratum for patient in case.patients],
            "arm": [case.design.arms.index(patient.arm) for patient in case.patients],
            "enrolment_trial_day": [patient.enrolled for patient in case.patients],
            "progression_day": days("progression"),
            "death_day": days("death"),
            "dropout_day": days("dropout"),
            "response_day": [EVALUABLE_AFTER if p.responds else NEVER for p in case.patients],
        }
    )


def watch_of(case: Case) -> Watch:
    plan = look_plan(case.design)
    size = case.design.sample_size
    ways = {"PFS": 0, "OS": 1, "ORR": RESPONSE_RATE}
    is_death = np.array([ways[endpoint] for endpoint in case.design.endpoints], np.int64)
    next_scan, last_scan = np.zeros(1, np.int32), np.zeros(1, np.int32)
    if case.scans is not None:
        following = [min([s for s in case.scans if s >= d], default=NEVER) for d in range(151)]
        next_scan = np.array([*following, NEVER], np.int32)
        last_scan = np.array([max(s for s in case.scans if s <= d) for d in range(151)], np.int32)
    by_scans = int(case.scans is not None)
    return Watch(
        plan,
        Observation(is_death, by_scans, next_scan, last_scan, EVALUABLE_AFTER),
        np.zeros(size * plan.n_endpoints, np.int32),
        look_room(plan, size, N_STRATA),
        nothing_read(plan.n_endpoints),
    )


def nothing_read(n_endpoints: int) -> Review:
    """No endpoint has a reader or rules of censoring."""
    scenario = SurvivalScenario.from_file(TO_COPY)
    reading = review_plan(scenario, 0)
    rules = reading.rules._replace(is_reviewed=np.zeros(n_endpoints, np.int64))
    return Review(reading._replace(rules=rules), review_room(scenario, reading, 0))


class Packing(NamedTuple):
    """What compiled code looks at."""

    watch: Watch
    tree: BoundTree
    ledger: SurvivalLedger
    values: FloatColumn


@kernel
def look_compiled(block: IntArray) -> bool:
    packing = unpacked(block, Packing)
    return look_at_trial(packing.watch, packing.tree, packing.ledger, packing.values, 0)


def rows_of(case: Case, *, is_compiled: bool) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The rows of all looks, shape (looks, columns)."""
    watch, ledger = watch_of(case), ledger_of(case)
    bounds = case.boundaries
    book = BoundBook(bounds, len(bounds), as_lists=not is_compiled)
    values = np.full(watch.plan.n_looks * watch.plan.places.n_columns, 7.0)
    if is_compiled:
        packed = pack(Packing(watch, book.tree, ledger, values))
        while not look_compiled(packed.block):
            if book.learn():
                packed = pack(Packing(watch, book.tree, ledger, values))
    else:
        out: Any = values.tolist()
        listed, lists = with_lists(watch), with_lists(ledger)
        while not look_at_trial(listed, book.tree, lists, out, 0):
            book.learn()
        values = np.array(out)
    return values.reshape(watch.plan.n_looks, -1)


def named_rows(case: Case) -> list[dict[str, float]]:
    """The rows of all looks, by the names of their columns."""
    names = column_names(case.design)
    return [dict(zip(names, row.tolist(), strict=True)) for row in rows_of(case, is_compiled=False)]
