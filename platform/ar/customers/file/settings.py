"""Says anew what customer files must hold; each time is a version of its own.

Invariant: versions are inserted and never changed; the last one counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import sqlalchemy as sa
from pydantic import Field, ValidationError, model_validator
from sqlalchemy.orm import Session

from ar.customers.file.models import FileSettings
from ar.customers.file.queries import file_policy_version
from ar.customers.inputs import EntityType
from ar.customers.rules.customer_file import DocumentKind, FilePolicy, Renewal, Requirement, YearDay
from kernel import journal
from kernel.actor import Actor
from kernel.counters import lock_counter
from kernel.i18n import mark
from kernel.inputs import EditInput
from kernel.texts import OneLine
from kernel.versions import check_version
from kernel.views import select_view, value, views

LOCK: Final = "customer_file_settings"
#: The kinds that a legal form may owe; "other" is never owed.
ASKABLE: Final = tuple(kind for kind in DocumentKind if kind is not DocumentKind.OTHER)
BAD_WINDOW: Final = mark(
    "Enter each window as three days of the year in order, such as 01-01, 05-01 and 06-30, or leave it empty."
)


class SetRequirements(EditInput):
    """What one legal form owes the file, by kind, in the order of ASKABLE; and what holds for all forms.

    `asked`: "" not asked, "wanted" without closing the gate, "required". `expires`, `in_unified_code`: ticked kinds.
    `counts_from`, `opens`, `due`: the yearly window of each kind as MM-DD, empty without one (R024).
    """

    entity_type: EntityType
    asked: list[Literal["", "wanted", "required"]] = Field(min_length=len(ASKABLE), max_length=len(ASKABLE))
    expires: tuple[DocumentKind, ...] = ()
    in_unified_code: tuple[DocumentKind, ...] = ()
    counts_from: list[OneLine] = Field(min_length=len(ASKABLE), max_length=len(ASKABLE))
    opens: list[OneLine] = Field(min_length=len(ASKABLE), max_length=len(ASKABLE))
    due: list[OneLine] = Field(min_length=len(ASKABLE), max_length=len(ASKABLE))
    lapse_notice_days: int = Field(default=30, ge=0, le=366)
    check_tax_id: bool = False

    @model_validator(mode="after")
    def _windows_are_whole(self) -> SetRequirements:
        self.requirements()
        return self

    def requirements(self) -> tuple[Requirement, ...]:
        """Returns what the form says. Raises ValueError for a window that is none."""
        found = []
        for at, kind in enumerate(ASKABLE):
            if self.asked[at]:
                found.append(
                    Requirement(
                        kind=kind,
                        required=self.asked[at] == "required",
                        expires=kind in self.expires,
                        in_unified_code=kind in self.in_unified_code,
                        renewal=_window(self.counts_from[at], self.opens[at], self.due[at]),
                    )
                )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class SettingsVersion:
    """A version, who said it and when."""

    version: int
    recorded_at: datetime
    recorded_by: str


def requirement_values(policy: FilePolicy, entity_type: str) -> dict[str, Any]:
    """Returns what a legal form owes as its form shows it, field → value."""
    owed = {each.kind: each for each in policy.requirements_of(entity_type)}

    def windows(part: str) -> list[str]:
        return [_day_text(owed[kind].renewal, part) if kind in owed else "" for kind in ASKABLE]

    return {
        "entity_type": entity_type,
        "asked": [("required" if owed[kind].required else "wanted") if kind in owed else "" for kind in ASKABLE],
        "expires": [kind.value for kind in ASKABLE if kind in owed and owed[kind].expires],
        "in_unified_code": [kind.value for kind in ASKABLE if kind in owed and owed[kind].in_unified_code],
        "counts_from": windows("counts_from"),
        "opens": windows("opens"),
        "due": windows("due"),
        "lapse_notice_days": policy.lapse_notice_days,
        "check_tax_id": "1" if policy.check_tax_id else "",
    }


def settings_versions(db: Session, tenant_id: UUID) -> list[SettingsVersion]:
    """Returns the versions, the last one first."""
    settings = FileSettings
    rows = db.execute(
        select_view(
            SettingsVersion,
            version=value(settings.version),
            recorded_at=value(settings.recorded_at),
            recorded_by=value(settings.recorded_by),
        )
        .where(settings.tenant_id == tenant_id)
        .order_by(settings.version.desc())
    )
    return views(SettingsVersion, rows)


def set_requirements(db: Session, actor: Actor, data: SetRequirements) -> int:
    """Says what one legal form owes; returns the version in force. Raises Conflict(`changed_meanwhile`)."""
    actor = lock_counter(db, actor, LOCK)
    version, before = file_policy_version(db, actor.tenant_id)
    after = FilePolicy(
        requirements={**before.requirements, data.entity_type: data.requirements()},
        lapse_notice_days=data.lapse_notice_days,
        check_tax_id=data.check_tax_id,
    )
    if after == before:
        return version
    check_version(data, requirement_values(before, data.entity_type))
    db.execute(
        sa.insert(FileSettings).values(
            tenant_id=actor.tenant_id,
            version=version + 1,
            data=after.model_dump(mode="json"),
            recorded_at=actor.now,
            recorded_by=actor.name,
        )
    )
    facts = {"version": version + 1, "entity_type": data.entity_type}
    journal.record(db, actor, "file_settings_set", data=facts)
    return version + 1


def _window(*texts: str) -> Renewal | None:
    if not any(texts):
        return None
    try:
        days = [YearDay(month=int(text[:2]), day=int(text[3:])) for text in texts if text[2:3] == "-"]
        counts_from, opens, due = days
        return Renewal(counts_from=counts_from, opens=opens, due=due)
    except (ValidationError, ValueError):
        raise ValueError(BAD_WINDOW) from None


def _day_text(renewal: Renewal | None, part: str) -> str:
    if renewal is None:
        return ""
    day: YearDay = getattr(renewal, part)
    return f"{day.month:02}-{day.day:02}"
