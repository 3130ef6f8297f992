"""A randomised survival trial followed naively: one loop, scipy's quantiles, lists and fractions.

Written against the description of the trial, not against its code: every decision takes the word at
its address as a probability and asks the distribution itself. It knows the trials of its test only:
exponential times in an illness-death model, with a delayed effect on progression.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from fractions import Fraction

from scipy import stats

from simulate.streams import Purpose, word

MONTH = 30.4375


@dataclass
class NaiveTrial:
    """One trial; days are counted as the trial does."""

    seed: int
    replicate: int
    sample_size: int
    last_day: int
    means: dict[int, list[float]]
    """Mean arrivals by region id and day."""
    caps: dict[int, int]
    allocation: list[int]
    method: str
    block_sizes: list[int]
    is_stratified: bool
    by_site: bool
    visceral: float
    """Probability of the first level of the only baseline variable, whose id is 1."""
    patients: list[dict[str, int]] = field(default_factory=list)
    opened: dict[int, list[list[int]]] = field(default_factory=dict)
    """Blocks of each list: the places that are left in each, as arms."""
    size: dict[int, int] = field(default_factory=dict)
    """Places of the last block of each list."""

    def u(self, entity: int, purpose: Purpose, index: int) -> Fraction:
        """The word at an address as a probability."""
        drawn = word(self.seed, entity, self.replicate, purpose, index)
        return Fraction(2 * drawn + 1, 2**33)

    def run(self) -> list[dict[str, int]]:
        """Enrol until the trial is full or its last day is over."""
        enrolled: dict[int, int] = defaultdict(int)
        for day in range(self.last_day + 1):
            for position, region in enumerate(sorted(self.means)):
                u = self.u(region, Purpose.REGION_ARRIVALS, day)
                for _ in range(int(stats.poisson.ppf(float(u), self.means[region][day]))):
                    full = len(self.patients) == self.sample_size
                    if full or enrolled[region] == self.caps.get(region, math.inf):
                        continue
                    enrolled[region] += 1
                    self.enrol(position, day)
        return self.patients

    def enrol(self, region: int, day: int) -> None:
        number = len(self.patients)
        level = 0 if self.u(number, Purpose.BASELINE, 1) < self.visceral else 1
        patient = {"region": region, "stratum": level, "enrolment_trial_day": day}
        patient["arm"] = self.arm(number, level, region)
        self.patients.append(patient | self.course(number, patient["arm"], level))

    # ---- randomisation ----

    def arm(self, number: int, level: int, region: int) -> int:
        if self.method == "blocks":
            return self.arm_of_block(level, region)
        u = self.u(number, Purpose.RANDOMISATION, 0)
        if self.method == "simple":
            return pick(u, self.allocation)
        return self.minimise(u, self.u(number, Purpose.RANDOMISATION, 1), level, region)

    def arm_of_block(self, level: int, region: int) -> int:
        stratum = level if self.is_stratified else 0
        entity = stratum * len(self.means) + region if self.by_site else stratum
        blocks = self.opened.setdefault(entity, [])
        if not blocks or not blocks[-1]:
            u = self.u(entity, Purpose.BLOCK, 64 * len(blocks) + 63)
            size = sorted(self.block_sizes)[math.floor(u * len(self.block_sizes))]
            rounds = size // sum(self.allocation)
            blocks.append([arm for arm, r in enumerate(self.allocation) for _ in range(r * rounds)])
            self.size[entity] = size
        left = blocks[-1]
        position = self.size[entity] - len(left)
        u = self.u(entity, Purpose.BLOCK, 64 * (len(blocks) - 1) + position)
        return left.pop(math.floor(u * len(left)))

    def minimise(self, coin: Fraction, tie: Fraction, level: int, region: int) -> int:
        """Pocock-Simon over the level, and the region if it counts; probability 0.8."""
        ratio, arms = self.allocation, range(len(self.allocation))
        factors = [("stratum", level)] + ([("region", region)] if self.by_site else [])
        imbalance = []
        for candidate in arms:
            total = Fraction(0)
            for name, value in factors:
                counts = [
                    sum(p["arm"] == arm and p[name] == value for p in self.patients)
                    + (arm == candidate)
                    for arm in arms
                ]
                shares = [Fraction(count, r) for count, r in zip(counts, ratio, strict=True)]
                total += max(shares) - min(shares)
            imbalance.append(total)
        best = [arm if imbalance[arm] == min(imbalance) else None for arm in arms]
        preferred = pick(tie, [0 if arm is None else ratio[arm] for arm in best])
        slope = 0.2 / (sum(ratio) - min(ratio))
        chances = [slope * r for r in ratio]
        chances[preferred] = 1.0 - slope * (sum(ratio) - ratio[preferred])
        reached = 0.0
        for arm in arms:
            reached += chances[arm]
            if coin < reached:
                return arm
        return arms[-1]

    # ---- the patient ----

    def course(self, number: int, arm: int, level: int) -> dict[str, int]:
        u = [float(self.u(number, Purpose.SURVIVAL, i)) for i in range(4)]
        e = [-math.log1p(-x) for x in u]
        rate = math.log(2) / (12 * MONTH) * (1.3 if level == 0 else 1.0)
        delay = 2 * MONTH
        t = e[0] / rate
        if arm == 1 and t > delay:  # hazard ratio 0.5 from two months on
            t = delay + (t - delay) / 0.5
        progression = math.ceil(t)
        alone = math.ceil(e[1] / (0.005 / MONTH))
        after = math.ceil(e[2] / (math.log(2) / (18 * MONTH) * (1.2 if level == 0 else 1.0)))
        dropout = math.ceil(e[3] / (0.05 / 365.25))
        death = progression + after if progression < alone else alone
        return {
            "progression_day": progression if progression < alone else 2**30,
            "death_day": death,
            "dropout_day": dropout,
        }


def pick(u: Fraction, parts: list[int]) -> int:
    """The part in which a fraction of the whole lies."""
    reached = 0
    for position, part in enumerate(parts):
        reached += part
        if u * sum(parts) < reached:
            return position
    raise AssertionError
