"""The estimate of the allowance as of a day: every bucket, every judged document, the movement since the run before.

May import this slice's reading and rules and the ledger's rates. Invariants: it only reads; the movement's lines add up
to the account after the entry that would be posted; the same books give the same fingerprint.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from ar.ledger.lookups import company_currency, dated_rates, total_of
from ar.ledger.rules.conversion import ConvertedTotal, convert
from ar.losses.provision.exposure import (
    Assessed,
    LastRun,
    PolicyVersion,
    allowance_sums,
    assessed,
    last_run,
    open_by_bucket,
    policy_now,
    unapplied,
)
from ar.losses.rules.provision import (
    Policy,
    Roll,
    amount_at,
    first_days,
    loss_rates,
    ppm,
    rolls,
    snapshot_days,
)
from kernel.errors import RuleBroken

KIND: Final = "provision"
_MOVED: Final = {"bad_debt": "write_off", "recovery": "recovery"}


@dataclass(frozen=True)
class Estimate:
    """What a run as of a day would book, in minor units of the company's `currency`.

    `figures` is everything the page shows, JSON-able, and is kept with the run; `sums` are the allowance's postings
    by kind and currency. `charge_minor` above 0 raises the allowance, below 0 releases of it.
    """

    as_of: date
    policy_id: UUID
    currency: str
    required_minor: int
    before_minor: int
    figures: dict[str, Any]
    sums: dict[str, int]

    @property
    def charge_minor(self) -> int:
        return self.required_minor - self.before_minor

    @property
    def fingerprint(self) -> str:
        """Changes with any figure."""
        seen = [self.as_of.isoformat(), str(self.policy_id), self.figures, self.sums]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def estimate(db: Session, tenant_id: UUID, as_of: date, today: date) -> Estimate:
    """The allowance that the policy asks for as of a day, beside what the account holds (R232).

    Raises RuleBroken: `provision_policy_missing`, `provision_in_future`, `provision_later_run`,
    `provision_rate_missing` with the currencies that have no rate by then.
    """
    if as_of > today:
        raise RuleBroken("provision_in_future", today=today.isoformat())
    version = policy_now(db, tenant_id)
    if version is None:
        raise RuleBroken("provision_policy_missing")
    last = last_run(db, tenant_id)
    if last is not None and last.as_of > as_of:
        raise RuleBroken("provision_later_run", number=last.number, as_of=last.as_of.isoformat())
    own = company_currency(db, tenant_id)
    balances = open_by_bucket(db, tenant_id, as_of, version.policy.through, judged_apart=True)
    judged = assessed(db, tenant_id, as_of)
    sums = allowance_sums(db, tenant_id, as_of)
    measured = _measured(db, tenant_id, version.policy, as_of, own)
    rates = loss_rates(version.policy, measured.rolls)
    required = _required(balances, judged, rates)
    worth = _known(total_of(db, tenant_id, required, own, as_of))
    rate_of = {line.currency: line.rate.rate for line in worth.lines if line.rate} | {own: Decimal(1)}
    movement, before = _movement(db, tenant_id, sums, last, own, as_of)
    required_minor = worth.minor or 0
    figures = {
        "policy": _policy_figures(version),
        "buckets": _buckets(version.policy, balances, rates),
        "judged": [_judged(each) for each in judged],
        "totals": [
            {
                "currency": line.currency,
                "minor": line.minor,
                "rate": _plain(rate_of[line.currency]),
                "worth": line.worth_minor,
            }
            for line in worth.lines
        ],
        "unapplied": unapplied(db, tenant_id, as_of),
        "migration": measured.figures,
        "movement": _closed(movement, required_minor - before, required_minor),
        "last": last.number if last else None,
    }
    return Estimate(as_of, version.id, own, required_minor, before, figures, sums)


@dataclass(frozen=True)
class _Measured:
    rolls: tuple[Roll, ...]
    figures: dict[str, Any] | None


def _measured(db: Session, tenant_id: UUID, policy: Policy, as_of: date, own: str) -> _Measured:
    """The rolls of the last months. All of them are valued at one day's rates, so that no exchange rate moves them."""
    if policy.method != "migration":
        return _Measured((), None)
    days = snapshot_days(as_of, policy.months)
    books = [open_by_bucket(db, tenant_id, day, policy.through) for day in days]
    used = {currency for book in books for currency in book}
    rates = {currency: each.rate for currency, each in dated_rates(db, tenant_id, as_of).items()} | {own: Decimal(1)}
    if missing := sorted(used - rates.keys()):
        raise RuleBroken("provision_rate_missing", as_of=as_of.isoformat(), currencies=", ".join(missing))
    snapshots = [
        [
            sum(convert(minors[index], currency, own, rates[currency]) for currency, minors in book.items())
            for index in range(len(policy.buckets))
        ]
        for book in books
    ]
    found = rolls(snapshots)
    return _Measured(
        found,
        {
            "days": [day.isoformat() for day in days],
            "snapshots": snapshots,
            "rolls": [
                {
                    "months": [_ppm(rate) for rate in roll.rates],
                    "average": _ppm(roll.average),
                    "assumed": roll.average is None,
                }
                for roll in found
            ],
        },
    )


def _required(balances: dict[str, list[int]], judged: list[Assessed], rates: tuple[int, ...]) -> dict[str, int]:
    """The allowance per currency: each bucket rounded once, each judged document once."""
    sums = {
        currency: sum(amount_at(minor, rate) for minor, rate in zip(minors, rates, strict=True))
        for currency, minors in balances.items()
    }
    for each in judged:
        sums[each.currency] = sums.get(each.currency, 0) + amount_at(each.open_minor, each.loss_bps * 100)
    return sums


def _known(total: ConvertedTotal) -> ConvertedTotal:
    if total.missing:
        raise RuleBroken(
            "provision_rate_missing", as_of=total.as_of.isoformat(), currencies=", ".join(sorted(total.missing))
        )
    return total


def _movement(
    db: Session, tenant_id: UUID, sums: dict[str, int], last: LastRun | None, own: str, as_of: date
) -> tuple[dict[str, int], int]:
    """What moved the allowance since the run before, in the company's currency, and what the account holds now.

    The movements are those that the run before had not counted, whatever their date; what no movement explains is the
    other rate at which the foreign part of the account is valued.
    """
    held, moved = dict[str, int](), dict[tuple[str, str], int]()
    then = last.sums if last else {}
    for key in sums.keys() | then.keys():
        kind, _colon, currency = key.rpartition(":")
        held[currency] = held.get(currency, 0) + sums.get(key, 0)
        line = (_MOVED.get(kind, "other"), currency)
        moved[line] = moved.get(line, 0) + sums.get(key, 0) - then.get(key, 0)
    before = _known(total_of(db, tenant_id, held, own, as_of)).minor or 0
    lines = {"opening": last.required_minor if last else 0}
    for name in ("write_off", "recovery", "other"):
        amounts = {currency: minor for (line, currency), minor in moved.items() if line == name}
        lines[name] = _known(total_of(db, tenant_id, amounts, own, as_of)).minor or 0
    lines["fx"] = before - sum(lines.values())
    return lines, before


def _closed(lines: dict[str, int], charge: int, closing: int) -> list[dict[str, Any]]:
    """The movement table in its order; lines without an amount but the two ends are left out of `other` and `fx`."""
    shown = {
        "opening": lines["opening"],
        "charge": max(charge, 0),
        "reversal": min(charge, 0),
        "write_off": lines["write_off"],
        "recovery": lines["recovery"],
        "other": lines["other"],
        "fx": lines["fx"],
        "closing": closing,
    }
    return [{"line": name, "minor": minor} for name, minor in shown.items() if minor or name not in ("other", "fx")]


def _buckets(policy: Policy, balances: dict[str, list[int]], rates: tuple[int, ...]) -> list[dict[str, Any]]:
    firsts = first_days(policy.through)
    return [
        {
            "from_days": firsts[index],
            "through_days": policy.through[index],
            "rate_ppm": rates[index],
            "currency": currency,
            "balance": minors[index],
            "amount": amount_at(minors[index], rates[index]),
        }
        for currency, minors in sorted(balances.items())
        for index in range(len(rates))
    ]


def _judged(each: Assessed) -> dict[str, Any]:
    return {
        "item_id": str(each.item_id),
        "document_no": each.document_no,
        "customer": f"{each.customer_no} {each.customer_name}",
        "due_on": each.due_on.isoformat(),
        "currency": each.currency,
        "balance": each.open_minor,
        "rate_ppm": each.loss_bps * 100,
        "amount": amount_at(each.open_minor, each.loss_bps * 100),
        "reason": each.reason,
    }


def _policy_figures(version: PolicyVersion) -> dict[str, Any]:
    policy = version.policy
    return {
        "version": version.version,
        "method": policy.method,
        "lgd_bps": policy.lgd_bps,
        "months": policy.months,
        "fallback_bps": policy.fallback_bps,
        "factor_bps": policy.factor_bps,
        "factor_reason": policy.factor_reason,
    }


def _ppm(rate: Fraction | None) -> int | None:
    return None if rate is None else ppm(rate)


def _plain(rate: Decimal) -> str:
    return format(rate.normalize(), "f")
