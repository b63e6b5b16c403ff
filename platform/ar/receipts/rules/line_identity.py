"""Decides which movements of a bank statement are known already, and which are only perhaps the same.

Evidence counts in this order: the bank's own entry id; the statement, by its number and balances, with the position
and the balance behind the movement; the words, as the last resort. What only the words say is the same when so much
of the statement is known that chance is out of the question; else it is asked.

Invariants: one movement of a statement is at most one stored line, and the other way round; the same facts give the
same result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final, Literal

#: What made a movement a known one; `person`: somebody said so before.
Evidence = Literal["entry", "statement", "balance", "content", "person"]
Verdict = Literal["same", "maybe", "different"]
#: A bank's id that comes back later than this many days may be another movement under a number used again.
ENTRY_ID_DAYS_MAX: Final = 10
#: So many different movements are in two files by the words alone: they are the same movements.
SHARED_CONTENTS_SURE: Final = 3
#: So many suffice where the statement repeats whole days and has no other number.
SHARED_CONTENTS_WHOLE_DAYS: Final = 2


@dataclass(frozen=True, slots=True)
class StatementFacts:
    """What identifies a statement of one account: its number and balances in minor units; unknown ones are None."""

    number: str = ""
    opening_minor: int | None = None
    closing_minor: int | None = None
    closed_on: date | None = None
    total_minor: int = 0
    lines: int = 0

    @property
    def is_identified(self) -> bool:
        """Tells that number or balances distinguish the statement from others."""
        return bool(self.number) or (self.opening_minor is not None and self.closing_minor is not None)


@dataclass(frozen=True, slots=True)
class Movement:
    """A movement with what identifies it.

    `content`: hash of days, amount and words. `balance_minor`: the balance behind it; `balance_stated`: the bank wrote
    it, it was not computed from the opening balance. `source`: the format of its file.
    """

    content: str
    booked_on: date
    signed_minor: int
    position: int
    entry_id: str = ""
    balance_minor: int | None = None
    balance_stated: bool = False
    source: str = ""


@dataclass(frozen=True, slots=True)
class KnownLine:
    """A stored line; `same_before`: a person has said of an equal movement that it is this one."""

    id: Hashable
    movement: Movement
    statement: StatementFacts = field(default_factory=StatementFacts)
    same_before: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a movement is: a known line (`same`), perhaps that line (`maybe`), or a new one (`known` is None)."""

    known: KnownLine | None = None
    verdict: Verdict = "different"
    evidence: Evidence = "content"


NEW: Final = Resolution()


def resolve(
    statement: StatementFacts,
    movements: Sequence[Movement],
    known: Iterable[KnownLine],
    same_statement: Mapping[int, Hashable] | None = None,
) -> list[Resolution]:
    """Returns for each movement of a statement what it is.

    `known`: the account's lines of these days and with these entry ids. `same_statement`: position → line of a stored
    statement that is this very one (see `StatementFacts`).
    """
    index = _KnownIndex(known)
    found: list[Resolution | None] = [None] * len(movements)
    for at, movement in enumerate(movements):
        found[at] = _by_entry_id(movement, index)
    if same_statement:
        here = set(same_statement.values())
        # Equal movements of one statement: each is first the line of its own place, then any with its words.
        for at, movement in enumerate(movements):
            found[at] = found[at] or _by_position(movement, index, same_statement, same_words=True)
        for at, movement in enumerate(movements):
            found[at] = found[at] or _by_words_in(movement, index, here)
        for at, movement in enumerate(movements):
            found[at] = found[at] or _by_position(movement, index, same_statement)
    # Sure ones first, so that a doubtful twin never takes the line that another movement surely is.
    for wanted in ("same", "maybe"):
        for at, movement in enumerate(movements):
            found[at] = found[at] or _by_content(movement, statement, index, wanted)
    return _accept_shared_days([each or NEW for each in found], movements, statement, index)


class _KnownIndex:
    def __init__(self, known: Iterable[KnownLine]) -> None:
        self.all = list(known)
        self.by_id = {each.id: each for each in self.all}
        self.by_entry_id: dict[str, list[KnownLine]] = defaultdict(list)
        self.by_content: dict[str, list[KnownLine]] = defaultdict(list)
        self.by_balance: dict[tuple[date, int, int], list[KnownLine]] = defaultdict(list)
        self.used: set[Hashable] = set()
        for each in self.all:
            movement = each.movement
            if movement.entry_id:
                self.by_entry_id[movement.entry_id].append(each)
            self.by_content[movement.content].append(each)
            if movement.balance_minor is not None:
                self.by_balance[movement.booked_on, movement.signed_minor, movement.balance_minor].append(each)

    def take(self, known: KnownLine, verdict: Verdict, evidence: Evidence) -> Resolution:
        self.used.add(known.id)
        return Resolution(known, verdict, evidence)

    def free(self, known: Iterable[KnownLine]) -> Iterable[KnownLine]:
        return (each for each in known if each.id not in self.used)


def _by_words_in(movement: Movement, index: _KnownIndex, lines: Collection[Hashable]) -> Resolution | None:
    for known in index.free(index.by_content[movement.content]):
        if known.id in lines:
            return index.take(known, "same", "statement")
    return None


def _by_position(
    movement: Movement, index: _KnownIndex, positions: Mapping[int, Hashable], *, same_words: bool = False
) -> Resolution | None:
    known = index.by_id.get(positions.get(movement.position))
    if known is None or known.id in index.used or known.movement.signed_minor != movement.signed_minor:
        return None
    if same_words and known.movement.content != movement.content:
        return None
    return index.take(known, "same", "statement")


def _by_entry_id(movement: Movement, index: _KnownIndex) -> Resolution | None:
    if not movement.entry_id:
        return None
    equal = [
        each
        for each in index.free(index.by_entry_id[movement.entry_id])
        if each.movement.signed_minor == movement.signed_minor
    ]
    if not equal:
        return None
    nearest = min(equal, key=lambda each: abs(each.movement.booked_on - movement.booked_on))
    near = abs((nearest.movement.booked_on - movement.booked_on).days) <= ENTRY_ID_DAYS_MAX
    return index.take(nearest, "same" if near or nearest.same_before else "maybe", "entry")


def _by_content(movement: Movement, statement: StatementFacts, index: _KnownIndex, wanted: str) -> Resolution | None:
    candidates = list(index.by_content[movement.content])
    if movement.balance_minor is not None:
        # The same amount with the same balance behind it on one day: the same movement in other words.
        place = (movement.booked_on, movement.signed_minor, movement.balance_minor)
        candidates += [each for each in index.by_balance[place] if each.movement.content != movement.content]
    for known in index.free(candidates):
        verdict, evidence = compare(movement, statement, known)
        if verdict == wanted:
            return index.take(known, verdict, evidence)
    return None


def compare(movement: Movement, statement: StatementFacts, known: KnownLine) -> tuple[Verdict, Evidence]:
    """Returns whether a movement is a stored line that has its words, or its amount, day and balance."""
    one, other = movement, known.movement
    if one.entry_id and other.entry_id and one.entry_id != other.entry_id and one.source == other.source:
        return "different", "entry"
    numbers_differ = _numbers_differ(statement, known.statement)
    follows = _follows(statement, known.statement) or _follows(known.statement, statement)
    if numbers_differ and follows:
        return "different", "statement"
    same_words = one.content == other.content
    if one.balance_minor is not None and other.balance_minor is not None:
        if one.balance_minor != other.balance_minor:
            sure = numbers_differ or (one.balance_stated and other.balance_stated)
            return ("different", "balance") if sure else ("maybe", "content")
        same_number = bool(statement.number) and statement.number == known.statement.number
        if same_number or (same_words and not numbers_differ):
            return "same", "balance"
    if known.same_before and same_words:
        return "same", "person"
    return "maybe", "content"


def _numbers_differ(one: StatementFacts, other: StatementFacts) -> bool:
    return bool(one.number and other.number and one.number != other.number)


def _follows(statement: StatementFacts, before: StatementFacts) -> bool:
    return statement.opening_minor is not None and statement.opening_minor == before.closing_minor


def _accept_shared_days(
    found: list[Resolution], movements: Sequence[Movement], statement: StatementFacts, index: _KnownIndex
) -> list[Resolution]:
    """Accepts what only the words say where the statement plainly repeats what is stored."""
    doubtful = [at for at, each in enumerate(found) if each.verdict == "maybe" and each.evidence == "content"]
    if not doubtful:
        return found
    shared = {movements[at].content for at, each in enumerate(found) if each.known is not None}
    left_out = {each.movement.booked_on for each in index.free(index.all)}
    for at in doubtful:
        known = found[at].known
        same_words = known is not None and known.movement.content == movements[at].content
        # Statements that the bank numbers apart and that repeat whole days may tell of money that came twice.
        whole_day = known is not None and not _numbers_differ(statement, known.statement)
        whole_day = whole_day and movements[at].booked_on not in left_out
        enough = SHARED_CONTENTS_WHOLE_DAYS if whole_day else SHARED_CONTENTS_SURE
        if same_words and len(shared) >= enough:
            found[at] = Resolution(known, "same", "content")
    return found
