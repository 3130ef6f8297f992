"""Other rules for the arms of a desk: those of a posterior draw in the place of the point's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from simulate.engines.batch.layout import Layout, layout_of
from simulate.engines.batch.trial import Desk
from simulate.packed import Packed, pack
from simulate.plan import AnyPlan, Plan, trial_plan


class ArmRules(NamedTuple):
    """What differs between the desks of draws: the first fields of an :class:`ArmDesk`."""

    plan: Plan
    layout: Layout


class DrawnArm(NamedTuple):
    """The rules of an arm, and how compiled code finds them."""

    rules: ArmRules
    packed: Packed


def drawn_arms(plan: AnyPlan) -> list[DrawnArm]:
    """What differs between the desks of plans, by arm."""
    arms = [ArmRules(arm, layout_of(arm)) for arm in trial_plan(plan).arms]
    return [DrawnArm(arm, pack(arm)) for arm in arms]


def have_room(desk: Desk, drawn: Sequence[DrawnArm]) -> bool:
    """Whether a desk has the room that the arms of another plan need."""
    return all(
        room_of(new.rules.layout) == room_of(own.layout)
        for new, own in zip(drawn, desk.arms, strict=True)
    )


def take_rules(packed: Packed, drawn: Sequence[DrawnArm]) -> None:
    """Let the arms of a packed desk have other rules, which must live as long as they are used."""
    for arm, new in zip(packed.rows, drawn, strict=True):
        arm.block[: len(new.packed.block)] = new.packed.block


def room_of(layout: Layout) -> tuple[int, ...]:
    """Sizes of a layout on which the room of a desk depends."""
    return (
        layout.most_cycles,
        len(layout.patient.purposes),
        layout.patient.n_delay_blocks,
        layout.events.n_looked_up,
    )
