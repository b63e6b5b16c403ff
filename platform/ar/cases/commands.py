"""Commands of cases that the seeds, the benchmarks and the tests of other slices call."""

from __future__ import annotations

from ar.cases.holds.commands import lift_hold, place_hold
from ar.cases.holds.outcomes import complete_task, log_call
from ar.cases.ladder.policy_versions import publish_policy
from ar.cases.queue.commands import (
    count_releasable,
    release_action,
    release_letters,
    resolve_delivery,
    skip_action,
)
from ar.cases.runs.commands import run_day

__all__ = [
    "complete_task",
    "count_releasable",
    "lift_hold",
    "log_call",
    "place_hold",
    "publish_policy",
    "release_action",
    "release_letters",
    "resolve_delivery",
    "run_day",
    "skip_action",
]
