"""A scenario in words: the numbers in the text are derived again, by other means."""

import datetime as dt
import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from scenario_files import WITHOUT_ARMS
from scipy import stats

from simulate.build_plan import build_plan
from simulate.describe import describe, patients
from simulate.describe.distributions import Implied, count_in_words, time_in_words
from simulate.describe.incidence import on_treatment
from simulate.describe.timeline import month_ends
from simulate.describe.words import WIDTH, duration, in_months, listing
from simulate.engines.draws import draw_patients
from simulate.engines.reference import ReferenceEngine
from simulate.patient.baseline import baseline_level
from simulate.plan import with_lists
from simulate.scenario import Scenario
from simulate.scenario import distributions as families
from simulate.scenario.baseline import LevelsVariable
from simulate.theory.forecast import FIRST_REPLICATE, Forecast, forecast

SCENARIOS = Path(__file__).parents[2] / "scenarios"
TWIN = SCENARIOS / "kn026_phase2.yaml"
MONTH = 30.4375
SECTIONS = [
    "Trial",
    "Who",
    "When",
    "What is given",
    "Adverse events",
    "What is scanned",
    "The disease",
    "Who leaves",
    "Analyses",
    "Endpoints",
    "What-ifs",
    "Sources",
]
POISSON = "enrolment.accrual={kind: poisson_gamma, rate: 0.32 per month, window: 24 months}"
FACTOR = "disease.prognostic_factors=[{variable: visceral, level: 'yes', progression: 1.3}]"
BARE = (
    "baseline={variables: []}",
    "endpoints={}",
    "follow_up={}",
    "toxicity=null",
    "sweep=[]",
    "design={}",
    "reference=''",
    "enrolment.sites={count: 3}",
    "treatment={cycle_length: 21 days, drugs: [{id: 3, name: A, dose: 1 mg}]}",
    "assessment={baseline_window: 0 days, calendar: [{every: 50 days}], confirmation: 28 days, "
    "stable_disease: 35 days, clinical_benefit: 150 days}",
)


def scenario(*overrides: str) -> Scenario:
    # with the file's own values, from which the expected texts are derived
    return Scenario.from_file(TWIN, ["parameters=null", *overrides])


def section(text: str, title: str) -> str:
    """One section of a description, its lines joined and its spaces single."""
    start = text.index(f"{title}\n{'-' * len(title)}\n")
    end = text.find("\n\n", start)
    following = [text.find(f"\n\n{other}\n---", start) for other in SECTIONS]
    end = min((place for place in following if place > 0), default=len(text))
    return re.sub(r"\s+", " ", text[start:end])


def percentages(text: str, row: str) -> list[float]:
    """The percentages of a table's row."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(row)]
    return [float(number) for number in re.findall(r"([\d.]+)%", line)]


@pytest.fixture(scope="module")
def twin() -> Scenario:
    return scenario()


@pytest.fixture(scope="module")
def text(twin: Scenario) -> str:
    return describe(twin)


# ---- it always works ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", WITHOUT_ARMS, ids=lambda path: path.stem)
def test_every_scenario_is_described_in_all_sections(path: Path) -> None:
    trial = Scenario.from_file(path, ["parameters=null"])
    text = describe(trial)

    titles = re.findall(r"^(\S.*)\n-+$", text, flags=re.MULTILINE)
    assert ("Single-arm design" in titles) == (trial.single_arm is not None)
    assert [title for title in titles if title != "Single-arm design"] == SECTIONS
    assert max(map(len, text.splitlines())) <= WIDTH
    assert "nan" not in text


@pytest.mark.parametrize(
    "overrides",
    [
        BARE,
        (POISSON, "enrolment.screening_failure=20%"),
        ("enrolment.accrual={kind: poisson_gamma, rate: 1e-9 per year, window: 1 day}",),
        (FACTOR,),
        ("sample_size=5000",),
        ("sample_size=1",),
        ("disease.response.probability=0",),
        ("endpoints.landmarks=[1 week, 1 month, 2 months, 3 months, 4 months, 30 years]",),
        (
            "analyses=[{id: 1, name: a, cut: {date: 2020-01-20}}, {id: 2, name: b, cut: {date: "
            "2049-12-31}}]",
        ),
        (
            "disease.progression.non_responders={kind: cure, cured: 20%, others: {kind: discrete, "
            "values: [0 days, 100 days], weights: [1, 3]}}",
            "disease.death_without_progression={kind: exponential, rate: 0 per month}",
            "disease.death_after_progression={kind: uniform, low: 1 day, high: 3 months}",
            "disease.response.time={kind: lognormal, median: 9 weeks, sigma: 0.8}",
            "disease.progression.responders={kind: piecewise_exponential, rates: [0.1 per month], "
            "from: [0 days]}",
        ),
        (
            "enrolment.sites={count: 2, names: [A, B], activation: {kind: dates, dates: "
            "[2020-01-13, 2020-06-01]}}",
        ),
        (
            "treatment.delay.mean=0 days",
            "treatment.drugs.docetaxel.planned_cycles={kind: fixed, value: 6}",
        ),
    ],
    ids=lambda overrides: overrides[0][:40],
)
def test_unusual_scenarios_are_described(overrides: tuple[str, ...]) -> None:
    text = describe(scenario(*overrides))

    assert re.findall(r"^(\S.*)\n-+$", text, flags=re.MULTILINE) == SECTIONS
    assert max(map(len, text.splitlines())) <= WIDTH
    assert not re.search(r"\bnan\b|\binf\b|None[^.]", text)


def test_what_a_scenario_leaves_out_is_said() -> None:
    text = describe(scenario(*BARE))

    assert "Nothing is known of the patients at baseline." in text
    assert "Sites: 3. All are open from day 0. All enrol at the same rate." in text
    assert "Delays for other reasons: none" in text
    assert section(text, "Adverse events").endswith("No adverse events are simulated.")
    assert "as long as treatment lasts." in section(text, "What is given")
    assert "Withdrawal: nobody withdraws later." in text
    assert "Last contact: on the day of the data cut." in text
    assert section(text, "What-ifs") == "What-ifs -------- None."


# ---- who ----------------------------------------------------------------------------------------


def test_percentages_at_baseline_are_those_of_all_patients(text: str) -> None:
    # Table 1 of the paper: 40 of 57 patients have lymph node metastases
    elsewhere = 1 - (18 * 46 * 28 * 38 * 30) / 52**5
    yes = 52 / 57 * (1 - elsewhere + elsewhere * 0.752)

    assert f"Lymph node metastasis: no {1 - yes:.1%}, yes {yes:.1%} (depends on:" in text
    assert yes == pytest.approx(40 / 57, abs=0.001)
    assert f"Prior endocrine therapy: no {45 / 57:.1%}, yes {12 / 57:.1%}" in text
    assert "Clinical stage: IIIA 1.8%, IIIB 3.5%, IIIC 3.5%, IV 91.2%" in text


def test_number_at_baseline_is_a_rounded_truncated_normal(text: str) -> None:
    normal = stats.norm(51.5, 8)
    ages = np.arange(30, 68)
    share = normal.cdf(ages + 0.5) - normal.cdf(ages - 0.5)
    share /= share.sum()
    mean = share @ ages
    sd = math.sqrt(share @ (ages - mean) ** 2)
    median = ages[np.searchsorted(share.cumsum(), 0.5)]

    assert f"Age: whole number from 30 to 67, median {median}, mean {mean:.1f}, SD {sd:.1f}" in text


def test_marginal_percentages_are_the_frequencies_of_simulated_patients(twin: Scenario) -> None:
    plan = build_plan(scenario("sample_size=3000"))
    listed = with_lists(plan.baseline)
    variables = twin.baseline.variables
    counts = [Counter[int]() for _ in variables]
    n = plan.enrolment.n_patients
    for draws in draw_patients([plan], seed=1, replicate=FIRST_REPLICATE):
        levels: list[int] = []
        for index, variable in enumerate(variables):
            levels.append(baseline_level(listed, index, levels, draws.baseline[variable.id]))
            counts[index][levels[-1]] += 1
    for variable, counted in zip(variables, counts, strict=True):
        if isinstance(variable, LevelsVariable):
            marginal = patients.marginal_probabilities(variable, twin.baseline)
            assert marginal is not None
            assert sum(marginal.values()) == pytest.approx(1)
            for level, name in enumerate(variable.level_names):
                p = marginal[name]
                error = math.sqrt(p * (1 - p) / n)
                assert counted[level] / n == pytest.approx(p, abs=4 * error + 1e-12), name


def test_variable_with_too_many_combinations_is_told_case_by_case(
    twin: Scenario, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patients, "_MOST_COMBINATIONS", 3)

    texts = patients.baseline_in_words(twin.baseline)

    assert (
        "Brain metastasis: no 100.0% if Clinical stage is IIIA, IIIB or IIIC; "
        "otherwise yes 11.5%, no 88.5%"
    ) in texts


# ---- when ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        (POISSON,),
        (POISSON, "enrolment.screening_failure=40%"),
    ],
    ids=["power", "poisson", "poisson with failures"],
)
def test_forecast_enrols_on_the_very_days_of_the_engine(overrides: tuple[str, ...]) -> None:
    plan = build_plan(scenario(*overrides))

    expected = forecast(plan.enrolment, seed=7)

    for index in (0, 1):
        records = ReferenceEngine(plan).simulate(seed=7, replicate=FIRST_REPLICATE + index)
        days = records.subjects["enrolment_trial_day"]
        np.testing.assert_array_equal(expected.days[index], days)


def test_expected_enrolment_of_power_accrual_has_its_formula(twin: Scenario) -> None:
    expected = forecast(build_plan(twin).enrolment, seed=twin.seed)
    n, span = 57, (dt.date(2021, 5, 27) - dt.date(2020, 1, 13)).days
    for day in (30, 200, 350, 450):
        share = ((day + 1) / span) ** 2.53
        # the earliest arrival is moved to the first day, the latest to the last
        mean = n * share + (1 - share) ** n - share**n
        error = math.sqrt(n * share * (1 - share) / len(expected.days))
        assert expected.enrolled(day) == pytest.approx(mean, abs=4 * error)


def test_expected_enrolment_of_poisson_sites_is_rate_times_time() -> None:
    trial = scenario(
        "enrolment={sites: {count: 10}, accrual: {kind: poisson_gamma, rate: 0.1 per day, "
        "window: 300 days}, screening_failure: 0.25}",
        "sample_size=1000",
    )
    expected = forecast(build_plan(trial).enrolment, seed=3)

    mean = 10 * 0.1 * 0.75 * 200
    error = math.sqrt(mean / len(expected.days))
    assert expected.enrolled(200) == pytest.approx(mean, abs=4 * error)
    assert expected.filled == 0


def test_expected_events_are_summed_over_the_days_of_enrolment() -> None:
    survival = np.array([1.0, 0.8, 0.5, 0.4])
    some = Forecast((np.array([0, 2, 2]), np.array([1, 2, 9])), n_patients=3)

    # by day 3: patients on days 3, 1, 1 in one trial and 2, 1 in the other
    naive = ((1 - 0.4) + 2 * (1 - 0.8) + (1 - 0.5) + (1 - 0.8)) / 2
    assert some.events(survival, 3) == pytest.approx(naive)
    assert some.events(survival, 100) == pytest.approx(3 * 0.6)  # nothing beyond the end
    assert some.enrolled(3) == pytest.approx(2.5)
    assert some.potential_follow_up(3) == (pytest.approx(3.5), 2.0, True)
    assert some.day_reached(0.5) == 2


def test_expected_numbers_at_the_cut_are_those_of_simulated_trials(
    twin: Scenario, text: str
) -> None:
    found = re.search(
        r"then: ([\d.]+) patients enrolled, ([\d.]+) latent PFS events, ([\d.]+) deaths",
        section(text, "Analyses"),
    )
    assert found is not None
    plan = build_plan(twin)
    cut = (dt.date(2023, 9, 15) - twin.origin).days
    events, deaths = [], []
    for replicate in range(40):
        subjects = ReferenceEngine(plan).simulate(seed=11, replicate=replicate).subjects
        day = cut - subjects["first_dose_trial_day"]
        death = subjects["death_day"]
        events.append(np.sum(np.minimum(subjects["progression_day"], death) <= day))
        deaths.append(np.sum(death <= day))

    assert float(found[1]) == 57
    for shown, simulated in ((found[2], events), (found[3], deaths)):
        error = np.std(simulated) / math.sqrt(len(simulated))
        assert float(shown) == pytest.approx(np.mean(simulated), abs=4 * error)


def test_table_by_month_has_every_month_and_never_falls(text: str) -> None:
    rows = re.findall(r"(20\d\d-\d\d) +([\d.]+) +([\d.]+) +([\d.]+)", text)
    rows.sort()

    months = [f"{2020 + m // 12}-{m % 12 + 1:02}" for m in range(44)]
    assert [row[0] for row in rows] == months
    for column in (1, 2, 3):
        numbers = [float(row[column]) for row in rows]
        assert numbers == sorted(numbers)


@pytest.mark.parametrize(("year", "months"), [(2024, 1), (2030, 3), (2048, 12)])
def test_long_trials_are_tabled_by_quarter_or_year(year: int, months: int) -> None:
    trial = scenario(f"analyses=[{{id: 1, name: a, cut: {{date: {year}-12-31}}}}]")

    ends = month_ends(trial, forecast(build_plan(trial).enrolment, seed=1))

    assert ends[-1] == dt.date(year, 12, 31)
    assert {end.month % months for end in ends} == {0}
    assert len(ends) == (12 // months) * (year - 2019)


def test_potential_follow_up_is_counted_from_first_and_last_patient(text: str) -> None:
    cut = dt.date(2023, 9, 15)
    longest, shortest = (
        ((cut - first).days + 1) / MONTH for first in (dt.date(2020, 1, 13), dt.date(2021, 5, 27))
    )

    analyses = section(text, "Analyses")
    assert f"the maximal, {longest:.1f} months" in analyses
    assert f"the minimal, {shortest:.1f} months." in analyses
    assert "cannot" not in analyses
    assert "Not every patient can be followed to 30 months:" in analyses


def test_trials_that_do_not_fill_are_counted() -> None:
    text = section(describe(scenario(POISSON.replace("0.32", "0.2"))), "When")

    found = re.search(r"([\d.]+)% of 200 simulated enrolments reach 57 patients", text)
    assert found is not None
    assert 0 < float(found[1]) < 100


# ---- what is given and scanned ------------------------------------------------------------------


def test_doses_planned_cycles_and_delays(text: str) -> None:
    given = section(text, "What is given")

    assert "Amounts in mg follow from Weight (kg) and Height (cm) at baseline" in given
    assert "KN026: 30 mg/kg on day 1 of each cycle, as long as treatment lasts." in given
    law = stats.lognorm(0.22, scale=9.2)
    low, middle, high = (round(law.ppf(p)) for p in (0.05, 0.5, 0.95))
    assert (
        f"from 4 to 18 (half of the patients have up to {middle}, 90% between {low} and {high})"
        in given
    )
    tenth = stats.gamma(2, scale=2.5 / 2).ppf([0.1, 0.9])
    assert f"below {tenth[0]:.1f} days in 10% of patients, above {tenth[1]:.1f} days" in given


@pytest.mark.parametrize("mean", [0.5, 2.5])
def test_distance_of_doses_counts_delays_in_whole_days(mean: float) -> None:
    given = section(describe(scenario(f"treatment.delay.mean={mean} days")), "What is given")

    rng = np.random.default_rng(5)
    delays = np.floor(rng.exponential(rng.gamma(2, mean / 2, 400_000)) + 0.5)
    assert f"dose days are {21 + delays.mean():.1f} days apart" in given


def test_dosing_rules_are_sentences(text: str) -> None:
    given = section(text, "What is given")

    for sentence in (
        "judged related to KN026 with probability 45%",
        "An adverse event, grade 3 or higher, related to KN026, holds KN026 until it has resolved "
        "to grade 1 or better.",
        "An adverse event of special interest, any grade, holds KN026 for 21 days from its onset, "
        "with probability 80%.",
        "Infusion related reaction, any grade, interrupts the infusion of KN026, with probability "
        "25%. It is resumed and completed with probability 90%, and delays nothing; otherwise it "
        "is not resumed, and only a part of the dose is given, uniform from none of it to all.",
        "The whole cycle waits for KN026. A hold delays it by at least 7 days; one that would last "
        "more than 12 weeks ends KN026 and all treatment.",
        "An adverse event, grade 3 or higher, reduces docetaxel by one level from the next dose on "
        "(75 mg/m2 to 55 mg/m2), with probability 9%.",
        "An adverse event, grade 3 or higher, discontinues docetaxel, with probability 2.35%.",
        "The cycle does not wait for docetaxel: a dose held is omitted",
        "death or an adverse event that ends KN026.",
    ):
        assert sentence in given


def test_dosing_rules_follow_the_scenario() -> None:
    given = section(
        describe(
            scenario(
                "treatment.drugs.KN026.rules=[{id: 9, action: discontinue, grade: 2, terms: "
                "[diarrhea, anemia], related: true}]",
                "treatment.drugs.KN026.planned_cycles={kind: fixed, value: 8}",
                "treatment.drugs.docetaxel.rules=[]",
            )
        ),
        "What is given",
    )

    assert (
        "Diarrhea or Anemia, grade 2 or higher, related to KN026, discontinues KN026 and all "
        "treatment." in given
    )
    assert "No adverse event changes its doses, except by ending all treatment." in given
    assert "or all planned cycles have been given." in given
    assert "one level at most" not in given


@pytest.mark.parametrize(
    ("resumed", "sentence"),
    [
        ("1", "interrupts the infusion of KN026, which is completed and delays nothing."),
        ("0", "interrupts the infusion of KN026. It is not resumed, and only a part of the dose"),
        ("0.25", "It is resumed and completed with probability 25%, and delays nothing;"),
    ],
)
def test_interrupted_infusions_are_resumed_or_not(resumed: str, sentence: str) -> None:
    rule = f"{{id: 3, action: interrupt_infusion, resumed: {resumed}}}"
    given = section(describe(scenario(f"treatment.drugs.KN026.rules=[{rule}]")), "What is given")

    assert sentence in given
    assert ("only a part of the dose" in given) == (resumed != "1")


def test_several_reductions_by_one_event_are_told_to_be_one() -> None:
    rules = "[{id: 5, action: reduce, grade: 3}, {id: 6, action: reduce, grade: 4, related: true}]"
    text = describe(scenario(f"treatment.drugs.docetaxel.rules={rules}"))

    assert "One event reduces docetaxel by one level at most." in section(text, "What is given")


def test_a_trial_without_adverse_events_in_one_step() -> None:
    text = describe(scenario("toxicity=null"))
    given, left = section(text, "What is given"), section(text, "Who leaves")

    nothing = "Its dosing rules have nothing to act on: no adverse events are simulated."
    assert given.count(nothing) == 2, "once a drug"
    assert "until progression is seen, withdrawal or death." in given
    assert "waits for KN026" not in given, "a hold that never is needs no length"
    assert section(text, "Adverse events").endswith("No adverse events are simulated.")
    assert "3.15% of patients stop treatment for good" in left
    assert "for a reason other than the disease." in left
    assert "Allergic reaction" not in text
    assert "hypersensitivity" not in left
    assert "caused by" not in left


@pytest.mark.parametrize(
    ("days", "is_told"), [("[1 day, 20 days]", False), ("[0 days, 9 days]", True)]
)
def test_early_stops_on_a_dose_day_end_the_infusion(days: str, is_told: bool) -> None:
    text = describe(scenario(f"follow_up.early_stop.days={days}"))

    words = "which on the day of a dose ends the infusion of KN026 before all is given."
    assert (words in section(text, "Who leaves")) == is_told


def test_limits_of_the_sites_are_told() -> None:
    trial = Scenario.from_file(SCENARIOS / "kn026_phase2_shared_resources.yaml")
    given = section(describe(trial), "What is given")

    assert "Each site can treat 1 patient a day;" in given
    assert "12 doses of KN026 when it opens, and orders 12 more when 10 or fewer" in given
    assert "A dose waits until all that it needs is there" in given


# ---- adverse events -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def incidence(twin: Scenario, text: str) -> dict[str, list[float]]:
    """Rows of the table of adverse events: four percentages by the name of the term."""
    assert twin.toxicity is not None
    events = text[text.index("Adverse events\n---") : text.index("What is scanned\n---")]
    found = {}
    for term in twin.toxicity.terms:
        row = re.search(rf"^  {re.escape(term.label)}(?: \*)? +{term.weight} (.*)$", events, re.M)
        if row:
            found[term.name] = [0.0 if n == "-" else float(n[:-1]) for n in row[1].split()]
    (row,) = re.findall(r"^  Any adverse event +(.*)$", events, re.M)
    found["any"] = [float(n[:-1]) for n in row.split()]
    return found


def course_of(text: str) -> tuple[int, int]:
    """Cycles of the course of the table, and doses of docetaxel in it."""
    events = section(text, "Adverse events")
    found = re.search(r"a course of (\d+) cycles \((\d+) of KN026 and (\d+) of docetaxel\)", events)
    assert found is not None
    assert found[1] == found[2]
    return int(found[1]), int(found[3])


def weights_of(name: str, n_cycles: int, n_docetaxel: int) -> float:
    """Sum of the weights of a course, written down again."""
    cycle = np.arange(1, n_cycles + 1)
    on = cycle <= n_docetaxel
    fading = np.exp(-(cycle - 1) / 2)
    weights = {
        "docetaxel": (1 + fading) * on,
        "both": (1 + fading) * np.where(on, 1, 1 / 3),
        "constant": np.ones(n_cycles),
        "hair": fading * on,
        "infusion": np.where(cycle == 1, 1, 0.03),
        "first_cycle": cycle == 1,
    }
    return float(np.sum(weights[name]))


def test_incidence_is_the_product_over_cycles_averaged_over_frailties(
    twin: Scenario, text: str, incidence: dict[str, list[float]]
) -> None:
    assert twin.toxicity is not None
    sigmas = {"haematological": 1.47, "other": 0.8, "none": 0.0}
    nodes, node_weights = np.polynomial.hermite_e.hermegauss(120)
    shown = [term for term in twin.toxicity.terms if term.rate > 0]
    assert set(incidence) == {"any", *(term.name for term in shown)}
    for term in shown:
        sigma = sigmas[term.frailty]
        factor = np.exp(sigma * nodes - sigma**2 / 2)
        expected = []
        for course in ((1, 1), course_of(text)):
            total = weights_of(term.weight, *course)
            for rate in (term.rate, term.rate_grade_3):
                free = node_weights @ np.exp(-rate * total * factor) / node_weights.sum()
                expected.append(100 * (1 - free))
        # the quantile tables and their coarser levels miss a little of the tails
        assert incidence[term.name] == pytest.approx(expected, abs=0.15), term.name


def test_incidence_of_any_event_is_that_of_patients_with_both_frailties(
    twin: Scenario, text: str, incidence: dict[str, list[float]]
) -> None:
    assert twin.toxicity is not None
    normal = np.random.default_rng(8).standard_normal((2, 200_000))
    other = 0.3 * normal[0] + math.sqrt(1 - 0.09) * normal[1]
    factor = {
        "haematological": np.exp(1.47 * normal[0] - 1.47**2 / 2),
        "other": np.exp(0.8 * other - 0.32),
        "none": np.ones(1),
    }
    expected = []
    for course in ((1, 1), course_of(text)):
        for attribute in ("rate", "rate_grade_3"):
            hazard = sum(
                getattr(term, attribute) * weights_of(term.weight, *course) * factor[term.frailty]
                for term in twin.toxicity.terms
            )
            expected.append(100 * np.mean(1 - np.exp(-hazard)))

    assert incidence["any"] == pytest.approx(expected, abs=0.4)


def test_incidence_in_the_first_cycle_is_that_of_simulated_patients(
    twin: Scenario, incidence: dict[str, list[float]]
) -> None:
    assert twin.toxicity is not None
    engine = ReferenceEngine(build_plan(twin))
    any_grade, severe, n = Counter[int](), Counter[int](), 0
    for replicate in range(25):
        records = engine.simulate(seed=13, replicate=replicate)
        events = records.adverse_events
        # a patient who leaves the study in the first days has no later events on record
        stays = records.subjects["assessment_stop_day"] > 30
        first = (events["cycle"] == 1) & stays[events["patient"]]
        any_grade.update(events["term"][first].tolist())
        severe.update(events["term"][first & (events["grade"] >= 3)].tolist())
        n += int(np.sum(stays))
    for term in twin.toxicity.terms:
        if term.rate > 0:
            for counted, shown in zip((any_grade, severe), incidence[term.name][:2], strict=True):
                p = shown / 100
                error = math.sqrt(max(p * (1 - p), 0.0004) / n)
                assert counted[term.id] / n == pytest.approx(p, abs=4 * error), term.name


def test_course_has_the_cycles_that_half_of_the_patients_begin(text: str) -> None:
    days = np.arange(1300)
    t = days / MONTH
    shares = [0.68 * 0.32**g for g in range(6)]
    responders = sum(
        share * np.exp(-((np.clip(days - 42 * (g + 1), 0, None) / MONTH / 42.6) ** 1.1))
        for g, share in enumerate([*shares, 1 - sum(shares)])
    )
    pfs = np.exp(-0.0008 * t) * (0.8 * responders + 0.2 * np.exp(-math.log(2) * (t / 9.2) ** 1.05))
    treated = pfs * np.exp(-0.0046 * t) * (1 - 0.0315)
    rng = np.random.default_rng(5)
    distance = 21 + np.floor(rng.exponential(rng.gamma(2, 2.5 / 2, 400_000)) + 0.5).mean()

    assert course_of(text) == (
        math.ceil(np.argmax(treated < 0.5) / distance),
        round(stats.lognorm(0.22, scale=9.2).median()),
    )


def test_course_ends_with_follow_up_and_with_the_planned_cycles() -> None:
    never = "{kind: exponential, rate: 0 per month}"
    trial = scenario(
        f"disease.progression={{responders: {never}, non_responders: {never}}}",
        f"disease.death_without_progression={never}",
        "follow_up={}",
        "toxicity.fatal=null",
    )
    plan = build_plan(trial)
    expected = forecast(plan.enrolment, seed=1)
    last_cut = (dt.date(2023, 9, 15) - trial.origin).days

    treated = on_treatment(trial, plan, expected, last_cut)
    enrolled = np.concatenate(expected.days)
    for day in (0, 850, 900, 1000, 1100, last_cut, last_cut + 1):
        assert treated[day] == pytest.approx(np.mean(last_cut - enrolled >= day), abs=1e-12)

    short = scenario(
        "treatment.drugs.KN026.planned_cycles={kind: fixed, value: 8}",
        "treatment.drugs.docetaxel.planned_cycles={kind: fixed, value: 6}",
    )
    assert course_of(describe(short)) == (8, 6)


def test_adverse_events_in_words(text: str) -> None:
    events = section(text, "Adverse events")

    for sentence in (
        "docetaxel (6 terms): 2, 1.61, 1.37 in cycles 1 to 3, falling towards 1; none in cycles "
        "without docetaxel, times 0.6 in those with a reduced dose of it.",
        "constant (7 terms): 1 in every cycle.",
        "infusion (1 term): 1 in cycle 1, 0.03 in all later ones.",
        "Onset: uniform, 3 to 14 days after the dose of the cycle; Infusion related reaction on "
        "the day of the dose.",
        "Grades: of events below grade 3, 50% are of grade 2 (always: Pneumonitis 2, Ejection "
        "fraction decreased 2)",
        "those of grade 3 or higher, 25% are of grade 4",
        "Serious: 0.8% of events below grade 3, 6.5% of those of grade 3 or higher (Febrile "
        "neutropenia 54%).",
        "Of special interest (AESI): Pneumonitis and Ejection fraction decreased.",
        "begins up to 30 days after the last dose.",
        "recorded as Sepsis; no event makes a patient die.",
        "each early stop (Allergic reaction) and 19.61% of withdrawals (Pericardial effusion)",
    ):
        assert sentence in events
    leaves = section(text, "Who leaves")
    assert "because of Allergic reaction of grade 3." in leaves
    assert "19.61% are caused by Pericardial effusion of grade 3." in leaves


def test_frailties_have_the_quantiles_of_their_law(text: str) -> None:
    events = section(text, "Adverse events")
    for sigma in (1.47, 0.8):
        low, high = stats.lognorm(sigma, scale=math.exp(-(sigma**2) / 2)).ppf([0.1, 0.9])
        found = re.search(rf"sigma {sigma:g} \(below ([\d.]+) in 10% .*?above ([\d.]+)", events)
        assert found is not None
        assert [float(found[1]), float(found[2])] == pytest.approx([low, high], rel=0.04)


def test_share_of_events_unresolved_at_the_next_dose(text: str) -> None:
    lasting = stats.lognorm(0.6, scale=10)
    unresolved = np.mean([lasting.sf(21 - onset) for onset in range(3, 15)])

    assert f"{unresolved:.1%} of events with the usual onset are unresolved" in text


def test_planned_scans_are_those_of_the_calendar(text: str) -> None:
    scanned = section(text, "What is scanned")

    assert "every 6 weeks until 48 weeks, then every 12 weeks." in scanned
    weeks = [*range(6, 49, 6), *range(60, 1341 // 7 + 1, 12)]
    assert f"weeks {', '.join(map(str, weeks[:12]))} and so on, {len(weeks)} in all." in scanned
    assert "at least 5 weeks after the first dose; with one at least 23 weeks after it" in scanned


def test_scans_that_move_with_the_cycles_are_told() -> None:
    scanned = section(describe(scenario("assessment.anchor=cycles")), "What is scanned")

    assert "Calendar, moving with the cycles" in scanned
    assert "whatever the cycles" not in scanned


def test_calendar_that_is_not_in_weeks_is_told_in_days() -> None:
    scanned = section(describe(scenario(*BARE)), "What is scanned")

    assert "days 50, 100, 150, 200" in scanned
    assert "all scans are on their planned day" in scanned


# ---- the disease --------------------------------------------------------------------------------

LANDMARKS = np.array([6, 12, 24, 30])


@pytest.mark.parametrize(
    ("row", "survival"),
    [
        ("Progression, responders", stats.weibull_min(1.1, scale=42.6)),
        ("Progression, non-", stats.weibull_min(1.05, scale=9.2 / math.log(2) ** (1 / 1.05))),
        ("Death without", stats.expon(scale=1 / 0.0008)),
        ("Death after progression, responders", stats.weibull_min(0.96, scale=42.5)),
        (
            "Death after progression, non-",
            stats.weibull_min(0.96, scale=42.5 * 1.4918 ** (-1 / 0.96)),
        ),
    ],
)
def test_parts_of_the_disease_have_their_medians_rates_and_hazards(
    text: str, row: str, survival: stats.distributions.rv_frozen
) -> None:
    lines = [line for line in text.splitlines() if line.startswith(f"  {row}") and "(" not in line]
    free, hazards = (re.findall(r"[\d.]+", line.removeprefix(f"  {row}")) for line in lines)

    assert free == [f"{survival.median():.1f}", *(f"{100 * s:.1f}" for s in survival.sf(LANDMARKS))]
    steps = np.diff(-survival.logsf([0, *LANDMARKS])) / np.diff([0, *LANDMARKS])
    assert [float(h) for h in hazards] == pytest.approx(steps, rel=0.005)


def test_latent_pfs_is_the_mixture_of_its_parts(text: str) -> None:
    # whole days by which an event is within the landmark, the day of the first dose being 1
    t = (np.floor(LANDMARKS * MONTH) - 1) / MONTH
    shares = [0.68 * 0.32**g for g in range(6)]
    responders = sum(
        share * np.exp(-((np.clip(t - 42 * (g + 1) / MONTH, 0, None) / 42.6) ** 1.1))
        for g, share in enumerate([*shares, 1 - sum(shares)])
    )
    others = np.exp(-math.log(2) * (t / 9.2) ** 1.05)
    pfs = np.exp(-0.0008 * t) * (0.8 * responders + 0.2 * others)

    assert percentages(text, "Progression-free survival (PFS)  ") == pytest.approx(
        100 * pfs, abs=0.051
    )


def test_withdrawal_by_itself_has_its_median_and_rates(text: str) -> None:
    assert percentages(text, "Not withdrawn") == [
        round(100 * math.exp(-0.0046 * months), 1) for months in LANDMARKS
    ]
    assert re.search(rf"Not withdrawn +{math.log(2) / 0.0046:.1f} mo", text)


def test_prognostic_factors_leave_no_formula() -> None:
    text = describe(scenario(FACTOR))

    assert "Together, by formula" not in text
    assert "Latent PFS, OS and DOR are left out: with prognostic factors" in text
    assert "Prognostic factor, Visceral metastasis yes against all others: hazard ratio 1.3" in text
    assert "Expected by then: 57.0 patients enrolled." in text
    assert not re.search(r"2021-01 +[\d.]+ +[\d.]+ +[\d.]+ +2", text)


def test_effect_of_dose_intensity_leaves_no_formula() -> None:
    text = describe(
        scenario("disease.dose_intensity={drug: docetaxel, hazard_ratio_per_10_percent: 1.05}")
    )

    assert "Together, by formula" not in text
    assert "Latent PFS, OS and DOR are left out: with an effect of dose intensity" in text
    disease = section(text, "The disease")
    assert "of docetaxel lost so far, the hazard of progression is multiplied by 1.05." in disease


def test_dose_intensity_is_told_to_count_all_delays() -> None:
    effect = "disease.dose_intensity={drug: KN026, hazard_ratio_per_10_percent: 1.05}"
    text = section(describe(scenario(effect)), "The disease")
    on_time = section(describe(scenario(effect, "treatment.delay=null")), "The disease")

    rng = np.random.default_rng(6)
    delays = np.floor(rng.exponential(rng.gamma(2, 2.5 / 2, 400_000)) + 0.5)
    lost = 1 - 21 / (21 + delays.mean())
    assert "All that is given late counts as lost, whatever the reason" in text
    assert f"delays that no adverse event causes lose about {100 * lost:.0f}%" in text
    assert "All that is given late counts as lost, whatever the reason, not only" in on_time
    assert "in the long run" not in on_time


def parsed(family: str, **parameters: object) -> families.Time:
    return getattr(families, family).model_validate(parameters)


@pytest.mark.parametrize(
    ("time", "law"),
    [
        (parsed("Exponential", kind="exponential", mean="40 days"), stats.expon(scale=40)),
        (
            parsed("LogNormal", kind="lognormal", median="9 weeks", sigma=0.8),
            stats.lognorm(0.8, scale=63),
        ),
        (parsed("Uniform", kind="uniform", low="5 days", high="25 days"), stats.uniform(5, 20)),
        (
            parsed("Weibull", kind="weibull", scale="100 days", shape=2),
            stats.weibull_min(2, scale=100),
        ),
    ],
    ids=lambda value: getattr(value, "kind", ""),
)
def test_implied_quantiles_are_those_of_scipy(
    time: families.Time, law: stats.distributions.rv_frozen
) -> None:
    for probability in (0.05, 0.5, 0.9):
        assert Implied(time).quantile(probability) == pytest.approx(law.ppf(probability), rel=1e-9)
    # a hazard ratio of 2 squares the survival function
    assert Implied(time, 2.0).quantile(0.75) == pytest.approx(law.median(), rel=1e-9)


def test_implied_median_of_times_that_come_in_steps_or_never() -> None:
    steps = parsed("Geometric", kind="geometric", probability=0.3, every="10 days", at_most=5)
    never = parsed("Exponential", kind="exponential", rate="0 per month")
    cure = {"kind": "cure", "cured": "60%", "others": {"kind": "exponential", "mean": "1 day"}}

    assert Implied(steps).median == pytest.approx(20)  # 30% by day 10, 51% by day 20
    assert math.isinf(Implied(never).median)
    assert math.isinf(Implied(families.Cure.model_validate(cure)).median)
    assert Implied(families.Cure.model_validate(cure)).quantile(0.2) == pytest.approx(math.log(2))


def test_distributions_in_words() -> None:
    steps = parsed("Geometric", kind="geometric", probability=0.5, every="6 weeks", at_most=3)
    pieces = parsed(
        "PiecewiseExponential",
        kind="piecewise_exponential",
        rates=("0.02 per month", "0.05 per month"),
        **{"from": ("0 days", "6 months")},
    )

    assert time_in_words(steps) == (
        "geometric in steps of 6 weeks with probability 50% each, 3 at most: "
        "6 weeks 50%, 12 weeks 25%, 18 weeks 25%"
    )
    assert time_in_words(pieces) == (
        "piecewise constant hazard: 0.02 per month from 0 days and 0.05 per month from 6 months"
    )
    late = parsed(
        "PiecewiseHazardRatio",
        kind="piecewise_hazard_ratio",
        of={"kind": "exponential", "rate": "0.02 per month"},
        hazard_ratios=(1, 0.6),
        **{"from": ("0 days", "6 months")},
    )
    assert time_in_words(late) == (
        "exponential, constant hazard of 0.02 per month; "
        "hazard times 1 from 0 days and 0.6 from 6 months"
    )
    assert time_in_words(parsed("Exponential", kind="exponential", rate="0 per day")) == (
        "never (hazard 0)"
    )
    assert count_in_words(families.FixedCount(kind="fixed", value=6)) == "6"


# ---- the rest -----------------------------------------------------------------------------------


def test_sources_are_counted_from_the_register(twin: Scenario, text: str) -> None:
    counts = Counter(row.source for row in twin.register())

    sources = section(text, "Sources")
    assert f"{sum(counts.values())} numbers and dates:" in sources
    for kind in ("reported", "derived", "assumed", "elicited", "not stated"):
        assert f"{counts[kind]} {kind}" in sources


def test_what_ifs_show_what_they_set_without_sources() -> None:
    rate = "{value: 0.5 per month, source: assumed, at: here}"
    text = describe(
        scenario(
            "sweep=[{name: faster, title: More patients, replicates: 40, set: {enrolment.accrual: "
            f"{{kind: poisson_gamma, rate: {rate}, window: 24 months, changes: []}}, "
            "sample_size: 80}}]"
        )
    )

    assert section(text, "What-ifs").endswith(
        "faster: More patients (40 simulated trials). Sets enrolment.accrual = {kind: "
        "poisson_gamma, rate: 0.5 per month, window: 24 months, changes: []} and sample_size = 80."
    )


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "0 days"),
        (1, "1 day"),
        (7, "7 days"),
        (21, "21 days"),
        (28, "4 weeks"),
        (42, "6 weeks"),
        (MONTH, "1 month"),
        (27.7 * MONTH, "27.7 months"),
        (36.6, "36.6 days"),
        (365, "365 days"),
        (500.3, "16.4 months"),
    ],
)
def test_durations_are_said_in_their_usual_unit(days: float, words: str) -> None:
    assert duration(days) == words


def test_computed_times_and_lists() -> None:
    assert in_months(math.inf) == "not reached"
    assert in_months(math.log(2) * 100) == "2.3 months"
    assert listing([]) == ""
    assert listing(["a"]) == "a"
    assert listing(["a", "b", "c"]) == "a, b and c"
