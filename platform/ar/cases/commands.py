"""Commands of cases under one name, for other slices, the command line and the composition root."""

from __future__ import annotations

from ar.cases.holds.commands import lift_block, place_block
from ar.cases.ladder.policy_versions import publish_policy, publish_preset, publish_presets
from ar.cases.queue.commands import (
    approve_action,
    approve_all,
    complete_task,
    not_yet_due,
    releasable,
    resolve_delivery,
    skip_action,
)
from ar.cases.runs.commands import refuse_earlier_day, run_day

__all__ = [
    "approve_action",
    "approve_all",
    "complete_task",
    "lift_block",
    "not_yet_due",
    "place_block",
    "publish_policy",
    "publish_preset",
    "publish_presets",
    "refuse_earlier_day",
    "releasable",
    "resolve_delivery",
    "run_day",
    "skip_action",
]
