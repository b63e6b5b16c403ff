"""Journal events of the daily run, letters, tasks and holds: names and texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ar.cases.ladder.step_texts import outcome_name, step_name
from ar.cases.messages import HOLD_NAMES
from kernel.i18n import current_language, mark
from kernel.i18n import gettext as _
from kernel.money import format_with_symbol
from tenants.slice import Event, FactMaker

EVENTS: Final[dict[str, Event]] = {
    "day_run": Event(mark("Daily run"), mark("%(run_on)s, steps: %(steps)s, letters and tasks: %(actions)s")),
    "policy_published": Event(mark("Policy published"), mark("%(policy)s, version %(version)s")),
    "action_approved": Event(mark("Step approved"), "%(step)s", row_of_its_own=True),
    "actions_approved": Event(mark("Letters approved"), "%(count)s"),
    "action_skipped": Event(mark("Step skipped"), "%(step)s: %(reason)s", row_of_its_own=True),
    "action_suppressed": Event(mark("Letter closed unsent"), "%(step)s: %(reason)s", row_of_its_own=True),
    "action_done": Event(mark("Task done"), "%(step)s: %(reason)s", row_of_its_own=True),
    "task_tried": Event(mark("Task tried"), mark("%(step)s: %(result)s. %(reason)s. Again on %(again_on)s")),
    "call_logged": Event(mark("Call"), "%(result)s: %(reason)s"),
    "action_delivered": Event(mark("Letter recorded as delivered"), "%(step)s", row_of_its_own=True),
    "action_reopened": Event(mark("Letter returned to the queue"), "%(step)s"),
    "letter_queued": Event(mark("Letter queued"), mark("%(number)s to %(to)s"), row_of_its_own=True),
    "letter_rewritten": Event(mark("Letter redrafted"), "%(number)s"),
    "letter_sent": Event(mark("Letter sent"), mark("%(number)s to %(to)s"), row_of_its_own=True),
    "letter_not_sent": Event(mark("Letter withheld"), "%(number)s: %(reason)s", row_of_its_own=True),
    "letter_bounced": Event(
        mark("Letter bounced"), mark("%(number)s to %(to)s: %(reason)s"), tone="late", row_of_its_own=True
    ),
    "letter_in_doubt": Event(mark("Letter in doubt"), mark("%(number)s to %(to)s"), tone="late", row_of_its_own=True),
    "stop_shipment_proposed": Event(mark("Stop of shipments proposed")),
    "block_placed": Event(mark("Hold placed"), "%(hold)s: %(reason)s"),
    "block_lifted": Event(mark("Hold lifted"), "%(hold)s: %(reason)s"),
}


def _hold(facts: Mapping[str, Any]) -> str:
    kind = str(facts["kind"])
    name = _(HOLD_NAMES[kind]) if kind in HOLD_NAMES else kind
    if facts.get("promised_minor"):
        name += f" {format_with_symbol(int(facts['promised_minor']), str(facts['currency']), current_language())}"
    return _("%(hold)s until %(day)s", hold=name, day=facts["until_on"]) if facts.get("until_on") else name


FACT_MAKERS: Final[dict[str, FactMaker]] = {
    "hold": _hold,
    "result": lambda facts: outcome_name(str(facts["outcome"])),
    "step": lambda facts: step_name(str(facts["code"])),
}
