"""Commands of cases that other slices, the command line and the seeds call."""

from __future__ import annotations

from ar.cases.holds.commands import lift_hold, place_hold
from ar.cases.ladder.policy_versions import publish_policy, publish_preset, publish_presets
from ar.cases.queue.commands import (
    complete_task,
    count_not_yet_due,
    releasable_totals,
    release_action,
    release_letters,
    resolve_delivery,
    skip_action,
)
from ar.cases.runs.commands import require_day_not_passed, run_day

__all__ = [
    "complete_task",
    "count_not_yet_due",
    "lift_hold",
    "place_hold",
    "publish_policy",
    "publish_preset",
    "publish_presets",
    "releasable_totals",
    "release_action",
    "release_letters",
    "require_day_not_passed",
    "resolve_delivery",
    "run_day",
    "skip_action",
]
