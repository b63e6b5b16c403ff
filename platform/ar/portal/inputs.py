"""What a debtor types, step by step: read leniently, carried along in the form, judged anew at every step.

May import pydantic, statements' inputs and views, and the kernel. Invariant: nothing typed is lost, whatever is
wrong with it, and no amount of ours is ever taken from the browser.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from ar.statements.inputs import DIFFERENCES_MAX, REASONS, AnswerStatement, DifferenceRow
from ar.statements.lookups import LineView
from kernel.i18n import gettext as _
from kernel.money import BadAmount, parse_amount

AGREES, DIFFERS = "agrees", "differs"
TEXT_MAX: Final = 80
NOTE_MAX: Final = 500
USER_AGENT_MAX: Final = 400


@dataclass
class RowDraft:
    """One difference as typed. `line` is our frozen line, None for a document we did not list; `shared` says that
    several of our lines carry the number and none was picked."""

    document: str = ""
    theirs: str = ""
    reason: str = ""
    note: str = ""
    line: LineView | None = None
    shared: bool = False

    @property
    def line_id(self) -> UUID | None:
        """Our line, which names kind and number at once."""
        return self.line.id if self.line else None

    @property
    def ours_minor(self) -> int | None:
        """Our signed amount."""
        return self.line.open_minor if self.line else None

    def theirs_minor(self, currency: str) -> int | None:
        """Their amount in minor units, None while it cannot be read."""
        try:
            return parse_amount(self.theirs, currency)
        except BadAmount:
            return None


@dataclass
class Draft:
    """The answer as far as it has been typed."""

    outcome: str = ""
    signer_name: str = ""
    signer_title: str = ""
    authority: bool = False
    rows: list[RowDraft] = field(default_factory=list)
    code: str = ""
    code_id: str = ""
    #: Ids of ticked lines for which no row was left: they stay ticked.
    ticked: list[str] = field(default_factory=list)

    def carried(self, *own: str) -> list[tuple[str, str]]:
        """(name, value) of the hidden fields that carry the draft along, without the page's `own` fields."""
        pairs = [
            ("outcome", self.outcome),
            ("signer_name", self.signer_name),
            ("signer_title", self.signer_title),
            ("authority", "1" if self.authority else ""),
            ("code_id", self.code_id),
        ]
        if "rows" not in own:
            for index, row in enumerate(self.rows):
                pairs += [
                    (f"row-{index}-document", row.document),
                    (f"row-{index}-line", str(row.line_id or "")),
                    (f"row-{index}-theirs", row.theirs),
                    (f"row-{index}-reason", row.reason),
                    (f"row-{index}-note", row.note),
                ]
        return [(name, value) for name, value in pairs if name not in own]

    def code_uuid(self) -> UUID | None:
        """The code entered before, if the form carries one."""
        try:
            return UUID(self.code_id)
        except ValueError:
            return None


#: Our open lines by the text of their ids.
Ours = Mapping[str, LineView]


def read_draft(form: Mapping[str, str], ours: Ours) -> Draft:
    """Reads whatever the form holds; `ours` are the statement's own lines, the only ones that a row can name."""
    rows = []
    for index in range(DIFFERENCES_MAX):
        if f"row-{index}-document" not in form:
            break
        rows.append(_read_row(form, f"row-{index}", ours))
    return Draft(
        outcome=_text(form, "outcome"),
        signer_name=_text(form, "signer_name"),
        signer_title=_text(form, "signer_title"),
        authority=_text(form, "authority") == "1",
        rows=rows,
        code="".join(_text(form, "code").split()),
        code_id=_text(form, "code_id"),
    )


def add_ticked(draft: Draft, ticked: list[str], ours: Ours) -> int:
    """Makes every ticked document a row to fill in; returns how many are new. What does not fit stays ticked."""
    present = {row.line_id for row in draft.rows}
    wanted = [ours[line_id] for line_id in dict.fromkeys(ticked) if line_id in ours]
    new = [line for line in wanted if line.id not in present]
    room = max(0, DIFFERENCES_MAX - len(draft.rows))
    draft.rows += [RowDraft(line.document_no, line=line) for line in new[:room]]
    draft.ticked = [str(line.id) for line in new[room:]]
    return len(new[:room])


def change_rows(draft: Draft, wanted: str) -> None:
    """Adds an empty line (`blank`), or takes line `remove-N` out."""
    if wanted.startswith("remove-") and wanted[7:].isdigit():
        draft.rows = [row for index, row in enumerate(draft.rows) if index != int(wanted[7:])]
    elif wanted == "blank" and len(draft.rows) < DIFFERENCES_MAX:
        draft.rows.append(RowDraft())


def signer_errors(draft: Draft) -> dict[str, str]:
    """Field → sentence for the first page."""
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


def row_errors(draft: Draft, currency: str) -> dict[str, str]:
    """Field → sentence for the differences; nothing to find when the debtor agrees."""
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
    seen: set[UUID | str] = set()
    for index, row in enumerate(draft.rows):
        name = f"row-{index}"
        if not row.document or len(row.document) > TEXT_MAX:
            errors[f"{name}-document"] = _("Enter the number of the document.")
        elif row.shared:
            errors[f"{name}-document"] = _(
                "Several of our documents have the number %(document)s. Remove this line and tick the one you mean.",
                document=row.document,
            )
        elif (row.line_id or row.document) in seen:
            errors[f"{name}-document"] = _("%(document)s is listed twice.", document=row.document)
        seen.add(row.line_id or row.document)
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


def to_answer(
    draft: Draft, code_id: UUID, currency: str, *, remote_address: str, user_agent: str, language: str
) -> AnswerStatement:
    """The command's input from a draft without errors."""
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


def _difference(row: RowDraft, currency: str) -> DifferenceRow:
    return DifferenceRow.model_validate(
        {
            "document_no": row.document,
            "line_id": row.line_id,
            "their_minor": row.theirs_minor(currency),
            "reason": row.reason,
            "note": row.note,
        }
    )


def _read_row(form: Mapping[str, str], name: str, ours: Ours) -> RowDraft:
    """A row with the line of ours that it names: by id, or by a number that only one line has."""
    document, line_id, theirs, reason, note = (
        _text(form, f"{name}-{part}") for part in ("document", "line", "theirs", "reason", "note")
    )
    picked = ours.get(line_id)
    numbered = [] if picked else [line for line in ours.values() if line.document_no == document]
    line = picked or (numbered[0] if len(numbered) == 1 else None)
    return RowDraft(line.document_no if line else document, theirs, reason, note, line, len(numbered) > 1)


def _text(form: Mapping[str, str], name: str) -> str:
    return form.get(name, "").replace("\x00", "").strip()[:2000]
