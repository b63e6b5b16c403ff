"""Parses and checks the debtor's answer, which hidden fields carry from step to step.

Invariant: everything typed is kept, also what is wrong, and checked again at every step; our amounts are never taken
from the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ar.ledger.rules.instalments import is_named
from ar.statements.inputs import DIFFERENCES_MAX, REASONS, AnswerStatement, DifferenceRow
from ar.statements.lookups import LineView
from kernel.i18n import gettext as _
from kernel.ids import parse_uuid
from kernel.money import BadAmount, parse_amount

AGREES, DIFFERS = "agrees", "differs"
TEXT_MAX: Final = 80
NOTE_MAX: Final = 500
USER_AGENT_MAX: Final = 400


@dataclass
class DifferenceDraft:
    """One difference as typed.

    `line`: our frozen line, None for a document we did not list; `shared`: several of our lines have the document
    number and none was picked.
    """

    document: str = ""
    theirs: str = ""
    reason: str = ""
    note: str = ""
    line: LineView | None = None
    shared: bool = False

    @property
    def line_id(self) -> UUID | None:
        """Returns the id of our line, which identifies the document by kind and number."""
        return self.line.id if self.line else None

    @property
    def ours_minor(self) -> int | None:
        """Returns our signed amount, in minor units."""
        return self.line.open_minor if self.line else None

    def theirs_minor(self, currency: str) -> int | None:
        """Returns the debtor's amount in minor units; None if it cannot be parsed."""
        try:
            return parse_amount(self.theirs, currency)
        except BadAmount:
            return None


@dataclass
class AnswerDraft:
    """The answer as typed so far."""

    outcome: str = ""
    signer_name: str = ""
    signer_title: str = ""
    authority: bool = False
    rows: list[DifferenceDraft] = field(default_factory=list)
    code: str = ""
    code_id: str = ""
    #: Ids of ticked lines beyond DIFFERENCES_MAX; they stay ticked.
    ticked: list[str] = field(default_factory=list)

    def hidden_fields(self, *visible: str) -> list[tuple[str, str]]:
        """Returns (name, value) of the hidden fields that carry the draft, without the page's `visible` fields."""
        pairs = [
            ("outcome", self.outcome),
            ("signer_name", self.signer_name),
            ("signer_title", self.signer_title),
            ("authority", "1" if self.authority else ""),
            ("code_id", self.code_id),
        ]
        if "rows" not in visible:
            for index, row in enumerate(self.rows):
                pairs += [
                    (f"row-{index}-document", row.document),
                    (f"row-{index}-line", str(row.line_id or "")),
                    (f"row-{index}-theirs", row.theirs),
                    (f"row-{index}-reason", row.reason),
                    (f"row-{index}-note", row.note),
                ]
        return [(name, value) for name, value in pairs if name not in visible]

    def code_uuid(self) -> UUID | None:
        """Returns the id of the code entered before; None without one."""
        return parse_uuid(self.code_id)


#: Our open lines by the text of their ids.
OurLines = Mapping[str, LineView]


def parse_draft(form: Mapping[str, str], our_lines: OurLines) -> AnswerDraft:
    """Parses the form without refusing anything; a row can name only the statement's own lines, `our_lines`."""
    rows = []
    for index in range(DIFFERENCES_MAX):
        if f"row-{index}-document" not in form:
            break
        rows.append(_parse_row(form, f"row-{index}", our_lines))
    return AnswerDraft(
        outcome=_text(form, "outcome"),
        signer_name=_text(form, "signer_name"),
        signer_title=_text(form, "signer_title"),
        authority=_text(form, "authority") == "1",
        rows=rows,
        code="".join(_text(form, "code").split()),
        code_id=_text(form, "code_id"),
    )


def add_ticked(draft: AnswerDraft, ticked: list[str], our_lines: OurLines) -> int:
    """Adds a row for every ticked document; returns how many are new. Those beyond DIFFERENCES_MAX stay ticked."""
    listed = {row.line_id for row in draft.rows}
    lines = [our_lines[line_id] for line_id in dict.fromkeys(ticked) if line_id in our_lines]
    new = [line for line in lines if line.id not in listed]
    room = max(0, DIFFERENCES_MAX - len(draft.rows))
    draft.rows += [DifferenceDraft(line.document_no, line=line) for line in new[:room]]
    draft.ticked = [str(line.id) for line in new[room:]]
    return len(new[:room])


def change_rows(draft: AnswerDraft, button: str) -> None:
    """Adds an empty row (`blank`), or removes row N (`remove-N`)."""
    if button.startswith("remove-") and button[7:].isdigit():
        draft.rows = [row for index, row in enumerate(draft.rows) if index != int(button[7:])]
    elif button == "blank" and len(draft.rows) < DIFFERENCES_MAX:
        draft.rows.append(DifferenceDraft())


def signer_errors(draft: AnswerDraft) -> dict[str, str]:
    """Returns field → error text of the signer's fields."""
    errors = {}
    if draft.outcome not in (AGREES, DIFFERS):
        errors["outcome"] = _("Choose whether the figures agree with your books.")
    if not draft.signer_name:
        errors["signer_name"] = _("Enter your name.")
    elif len(draft.signer_name) > TEXT_MAX:
        errors["signer_name"] = _("Use at most %(max_length)s characters.", max_length=TEXT_MAX)
    if not draft.signer_title:
        errors["signer_title"] = _("Enter your title.")
    elif len(draft.signer_title) > TEXT_MAX:
        errors["signer_title"] = _("Use at most %(max_length)s characters.", max_length=TEXT_MAX)
    if not draft.authority:
        errors["authority"] = _("Tick that you may answer for your company.")
    return errors


def row_errors(draft: AnswerDraft, currency: str) -> dict[str, str]:
    """Returns field → error text of the differences; empty when the debtor agrees."""
    if draft.outcome != DIFFERS:
        return {}
    if draft.ticked:
        return {
            "rows": _(
                "An answer can contain at most %(number)s documents. Untick the others and mention them in a note.",
                number=DIFFERENCES_MAX,
            )
        }
    if not draft.rows:
        return {"rows": _("Add at least one document on which the books differ.")}
    errors: dict[str, str] = {}
    listed: set[UUID | str] = set()
    for index, row in enumerate(draft.rows):
        name = f"row-{index}"
        if not row.document or len(row.document) > TEXT_MAX:
            errors[f"{name}-document"] = _("Enter the number of the document.")
        elif row.shared:
            errors[f"{name}-document"] = _(
                "Several of our documents have the number %(document)s. Remove this line and tick the one you mean.",
                document=row.document,
            )
        elif (row.line_id or row.document) in listed:
            errors[f"{name}-document"] = _("%(document)s is listed twice.", document=row.document)
        listed.add(row.line_id or row.document)
        theirs = row.theirs_minor(currency)
        if theirs is None:
            errors[f"{name}-theirs"] = _("Enter the amount in your books, such as 1234.50; 0 if it is not there.")
        elif theirs == row.ours_minor:
            errors[f"{name}-theirs"] = _("This is our amount too. Change it, or remove the line.")
        if row.reason not in REASONS:
            errors[f"{name}-reason"] = _("Choose a reason.")
        if len(row.note) > NOTE_MAX:
            errors[f"{name}-note"] = _("Use at most %(max_length)s characters.", max_length=NOTE_MAX)
    return errors


def answer_input(
    draft: AnswerDraft, code_id: UUID, currency: str, *, remote_address: str, user_agent: str, language: str
) -> AnswerStatement:
    """Returns the command's input from a draft without errors."""
    differs = draft.outcome == DIFFERS
    return AnswerStatement.model_validate(
        {
            "outcome": draft.outcome,
            "signer_name": draft.signer_name,
            "signer_title": draft.signer_title,
            "authority": draft.authority,
            "code_id": code_id,
            "differences": [_difference(row, currency) for row in draft.rows] if differs else [],
            "remote_address": remote_address,
            "user_agent": user_agent[:USER_AGENT_MAX],
            "language": language,
        }
    )


def _difference(row: DifferenceDraft, currency: str) -> DifferenceRow:
    return DifferenceRow.model_validate(
        {
            "document_no": row.document,
            "line_id": row.line_id,
            "their_minor": row.theirs_minor(currency),
            "reason": row.reason,
            "note": row.note,
        }
    )


def _parse_row(form: Mapping[str, str], name: str, our_lines: OurLines) -> DifferenceDraft:
    """Parses a row, with our line that it names by id, or by a number that only one line has."""
    document, line_id, theirs, reason, note = (
        _text(form, f"{name}-{part}") for part in ("document", "line", "theirs", "reason", "note")
    )
    picked = our_lines.get(line_id)
    numbered = [] if picked else [line for line in our_lines.values() if is_named(line.document_no, document)]
    line = picked or (numbered[0] if len(numbered) == 1 else None)
    return DifferenceDraft(line.document_no if line else document, theirs, reason, note, line, len(numbered) > 1)


def _text(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").replace("\x00", "").strip()[:2000]
