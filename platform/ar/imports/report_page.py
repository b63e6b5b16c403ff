"""Words a report for its page: findings in the reader's language, equal ones as one, and how the file was read."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, cast

from ar.imports.columns import FileKind, fields
from ar.imports.inputs import Finding
from ar.imports.messages import (
    KIND_LABELS,
    ORIGINS,
    PASSED_OVER,
    STATE_LABELS,
    TOTAL_LABELS,
    failure_text,
    finding_text,
    question_text,
)
from ar.imports.queries import JobPage
from ar.ledger.messages import ACCOUNT_NAMES
from kernel.i18n import gettext as _
from web.links import page_url

FINDINGS_SHOWN: Final = 200
#: The list on which what a kind of file brought is seen.
SEEN_AT: Final = {
    "customers": "customers.index",
    "open-items": "ledger.index",
    "receipts": "ledger.index",
    "limits": "limits.index",
    "orders": "orders.index",
}


def report_facts(job: JobPage) -> dict[str, Any]:
    """Returns what the page of an import shows beside the job itself."""
    labels = {each.name: each.label for each in fields(cast(FileKind, job.kind))}
    failure = json.loads(job.error) if job.error else None
    report = job.report

    def label(column: str) -> str:
        return _(labels[column]) if column in labels else column

    def worded(findings: list[Finding]) -> list[tuple[int, str, str]]:
        return [(f.row, label(f.column), finding_text(f.code, f.params)) for f in findings[:FINDINGS_SHOWN]]

    return {
        "seen_at": page_url(SEEN_AT[job.kind]) if job.kind in SEEN_AT else None,
        "report": report,
        "errors": worded(report.errors),
        "warnings": worded(report.warnings),
        "warning_groups": [
            (
                group.findings,
                label(group.column),
                finding_text(group.code, group.params),
                rows_text(group.rows, group.findings),
            )
            for group in report.warning_groups
        ],
        "passed_over": [
            (_(PASSED_OVER[group.code]), group.findings, rows_text(group.rows, group.findings))
            for group in report.passed_over
        ],
        "posted": [(_(ACCOUNT_NAMES[total.account]), total) for total in report.posted],
        "brings_openings": report.brings_openings,
        "locked_rows": any(finding.code == "locked_period" for finding in report.errors),
        "failure": failure_text(failure["code"], failure["params"]) if failure else "",
        "questions": [question_text(code, params) for code, params in job.sample.get("questions", ())],
        "origin": _(ORIGINS[report.origin]) if report.origin in ORIGINS else report.origin,
        "kinds": KIND_LABELS,
        "states": STATE_LABELS,
        "total_labels": TOTAL_LABELS,
        "labels": labels,
    }


def rows_text(rows: Iterable[int], count: int) -> str:
    """Returns the first rows of many: "2, 3, 5 …"."""
    named = list(rows)
    return ", ".join(map(str, named)) + (" …" if count > len(named) else "")
