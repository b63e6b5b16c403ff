"""Estimates the allowance as of a day: every bucket, every assessed document, the movement since the last run.

Invariants: nothing is written; the movement's lines add up to the account after the entry that would be posted; the
same books give the same fingerprint.
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
    AssessedDocument,
    LastRun,
    RecordedPolicy,
    allowance_sums,
    assessed_documents,
    current_policy,
    last_run,
    open_by_bucket,
    unapplied,
)
from ar.losses.rules.provision import (
    EstimationPolicy,
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
    """The run that would be posted as of a day, in minor units of the company's `currency`.

    `figures` is everything the page shows, JSON-able, and is stored with the run; `sums` are the allowance's postings
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
        """Returns a SHA-256 over all figures."""
        seen = [self.as_of.isoformat(), str(self.policy_id), self.figures, self.sums]
        return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()


def estimate(db: Session, tenant_id: UUID, as_of: date, today: date) -> Estimate:
    """Returns the allowance that the policy requires as of a day, and the balance of the account (R232).

    Raises RuleBroken: `provision_policy_missing`, `provision_in_future`, `provision_later_run`,
    `provision_rate_missing` with the currencies that have no rate by then.
    """
    if as_of > today:
        raise RuleBroken("provision_in_future", today=today.isoformat())
    version = current_policy(db, tenant_id)
    if version is None:
        raise RuleBroken("provision_policy_missing")
    last = last_run(db, tenant_id)
    if last is not None and last.as_of > as_of:
        raise RuleBroken("provision_later_run", number=last.number, as_of=last.as_of.isoformat())
    own = company_currency(db, tenant_id)
    balances = open_by_bucket(db, tenant_id, as_of, version.policy.through, exclude_assessed=True)
    assessed = assessed_documents(db, tenant_id, as_of)
    sums = allowance_sums(db, tenant_id, as_of)
    measured = _measured_rolls(db, tenant_id, version.policy, as_of, own)
    rates = loss_rates(version.policy, measured.rolls)
    required = _required(balances, assessed, rates)
    valued = _require_rates(total_of(db, tenant_id, required, own, as_of))
    rate_of = {line.currency: line.rate.rate for line in valued.lines if line.rate} | {own: Decimal(1)}
    movement, before = _movement(db, tenant_id, sums, last, own, as_of)
    required_minor = valued.minor or 0
    figures = {
        "policy": _policy_figures(version),
        "buckets": _buckets(version.policy, balances, rates),
        "judged": [_assessed_figures(each) for each in assessed],
        "totals": [
            {
                "currency": line.currency,
                "minor": line.minor,
                "rate": _plain(rate_of[line.currency]),
                "worth": line.worth_minor,
            }
            for line in valued.lines
        ],
        "unapplied": unapplied(db, tenant_id, as_of),
        "migration": measured.figures,
        "movement": _movement_lines(movement, required_minor - before, required_minor),
        "last": last.number if last else None,
    }
    return Estimate(as_of, version.id, own, required_minor, before, figures, sums)


@dataclass(frozen=True)
class _MeasuredRolls:
    rolls: tuple[Roll, ...]
    figures: dict[str, Any] | None


def _measured_rolls(db: Session, tenant_id: UUID, policy: EstimationPolicy, as_of: date, own: str) -> _MeasuredRolls:
    """Returns the rolls of the last months, all valued at one day's rates to exclude exchange differences."""
    if policy.method != "migration":
        return _MeasuredRolls((), None)
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
    return _MeasuredRolls(
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


def _required(
    balances: dict[str, list[int]], assessed: list[AssessedDocument], rates: tuple[int, ...]
) -> dict[str, int]:
    """Returns the allowance per currency: each bucket rounded once, each assessed document once."""
    sums = {
        currency: sum(amount_at(minor, rate) for minor, rate in zip(minors, rates, strict=True))
        for currency, minors in balances.items()
    }
    for each in assessed:
        sums[each.currency] = sums.get(each.currency, 0) + amount_at(each.open_minor, each.loss_bps * 100)
    return sums


def _require_rates(total: ConvertedTotal) -> ConvertedTotal:
    if total.missing:
        raise RuleBroken(
            "provision_rate_missing", as_of=total.as_of.isoformat(), currencies=", ".join(sorted(total.missing))
        )
    return total


def _movement(
    db: Session, tenant_id: UUID, sums: dict[str, int], last: LastRun | None, own: str, as_of: date
) -> tuple[dict[str, int], int]:
    """Returns the movement of the allowance since the last run in the company's currency, and the account's balance.

    Movements are those that the last run had not counted, whatever their date; the unexplained rest is the exchange
    difference on the foreign part of the account.
    """
    balances, moved = dict[str, int](), dict[tuple[str, str], int]()
    counted = last.sums if last else {}
    for key in sums.keys() | counted.keys():
        kind, _colon, currency = key.rpartition(":")
        balances[currency] = balances.get(currency, 0) + sums.get(key, 0)
        line = (_MOVED.get(kind, "other"), currency)
        moved[line] = moved.get(line, 0) + sums.get(key, 0) - counted.get(key, 0)
    before = _require_rates(total_of(db, tenant_id, balances, own, as_of)).minor or 0
    lines = {"opening": last.required_minor if last else 0}
    for name in ("write_off", "recovery", "other"):
        amounts = {currency: minor for (line, currency), minor in moved.items() if line == name}
        lines[name] = _require_rates(total_of(db, tenant_id, amounts, own, as_of)).minor or 0
    lines["fx"] = before - sum(lines.values())
    return lines, before


def _movement_lines(lines: dict[str, int], charge: int, closing: int) -> list[dict[str, Any]]:
    """Returns the movement table in order; `other` and `fx` are left out when zero."""
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


def _buckets(policy: EstimationPolicy, balances: dict[str, list[int]], rates: tuple[int, ...]) -> list[dict[str, Any]]:
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


def _assessed_figures(each: AssessedDocument) -> dict[str, Any]:
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


def _policy_figures(version: RecordedPolicy) -> dict[str, Any]:
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
