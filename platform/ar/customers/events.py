"""Names the journal events of the customer file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from kernel.i18n import gettext as _
from kernel.i18n import mark
from tenants.slice import Event, FactMaker

EVENTS: Final[dict[str, Event]] = {
    "customer_created": Event(mark("Customer created"), "%(number)s"),
    "customer_changed": Event(mark("Customer changed"), "%(fields)s"),
    "customer_retired": Event(mark("Customer retired with its import"), "%(number)s", tone="late"),
    "customer_handed_over": Event(mark("Customer handed over"), "%(reason)s"),
    "questionnaire_answered": Event(mark("Questionnaire answered"), mark("%(answers)s answers")),
    "file_settings_set": Event(mark("Requirements of customer files recorded"), mark("version %(version)s")),
    "contact_added": Event(mark("Contact added"), "%(name)s %(email)s"),
    "contact_deactivated": Event(mark("Contact deactivated"), "%(name)s %(email)s"),
}
#: What the fields of a customer are called in the event of a change.
FIELD_NAMES: Final[dict[str, str]] = {
    "name": mark("name"),
    "entity_type": mark("legal form"),
    "tax_id": mark("tax number"),
    "owner_id": mark("owner"),
    "language": mark("language"),
    "terms": mark("payment terms"),
    "settlement_days": mark("settlement days"),
    "policy_code": mark("policy"),
    "contact": mark("contact"),
}
#: The same of what `ar.customers.register.standing` changes.
STANDING_NAMES: Final[dict[str, str]] = {
    "group_head_id": mark("head of the group"),
    "group_kind": mark("kind of group"),
    "size_class": mark("size"),
    "survey_exemption": mark("exemption from the survey"),
}


def _fields(facts: Mapping[str, Any]) -> str:
    names = FIELD_NAMES | STANDING_NAMES
    return "; ".join(_(names[field]) if field in names else field for field in facts["changes"])


FACT_MAKERS: Final[dict[str, FactMaker]] = {"fields": _fields}
