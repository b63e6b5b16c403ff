"""Finds what each column of a bank export is: by its header, or by what a person said on the mapping page.

Invariants: a header is compared without width, case, blanks and units, so "贷方发生额（收入）" and
"交易日期[ Transaction Date ]" are found under their plain names; two headers that differ only by a direction in
brackets stay two; a column that may hold money and is not understood is doubtful, never ignored.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from ar.receipts.bank.formats.tables import names
from kernel.money import exponent
from kernel.sheets.mapping import ColumnMapping
from kernel.texts import one_line

#: Fields that together say how much moved, and which way.
_MONEY: Final = ("in", "out", "amount", "mark", "status")
_SQUARE = re.compile(r"\[[^\[\]]*\]|【[^【】]*】")
_ROUND = re.compile(r"\(([^()]*)\)")
_UNIT = re.compile(r"/(?:元|人民币|cny|rmb)(?=$|\()")
#: A currency behind the words of a header: "Gutschrift in CHF", "Débit Euros", "Amount CZK".
_CURRENCY_WORD = re.compile(
    r"(?<=[^\W\d_])\s+(?:in\s+)?(?P<code>euros?|eur|usd|gbp|chf|cny|rmb|hkd|sgd|jpy|sek|nok|dkk|pln|czk|huf|inr|aud|cad)\s*$"
)
_DROPPED = re.compile(r"[\s_*:.'’\"#]+")
_DIRECTIONS: Final = frozenset(
    {
        "收入",
        "支出",
        "支取",
        "存入",
        "转入",
        "转出",
        "收",
        "付",
        "借",
        "贷",
        "借方",
        "贷方",
        "credit",
        "debit",
        "cr",
        "dr",
    }
    | {"in", "out", "haben", "soll"}
)
_ONE_SIDED = re.compile(r"借|贷|收入|支出|支取|存入|转入|转出|credit|debit|haben|soll")
_NEGATIVE_NOTE = re.compile(r"[(\[]\s*-\s*元?\s*[)\]]")
#: A column by its number, where its header is not enough.
_NUMBERED = re.compile(r"#([1-9]\d{0,2})")
_CURRENCY_NOTE = re.compile(r"[(\[]\s*([A-Z]{3})\s*[)\]]")
_RANK: Final[dict[str, dict[str, int]]] = {
    name: {header: rank for rank, header in enumerate(headers)} for name, headers in names.NAMES.items()
}
_TEXT_RANK: Final = {header: rank for rank, header in enumerate(names.TEXTS)}
_KNOWN: Final = frozenset(header for headers in names.NAMES.values() for header in headers) | frozenset(names.TEXTS)


@dataclass(frozen=True, slots=True)
class Layout:
    """Columns of a table by field. `texts`: the columns with the purpose; `unknown`: columns that are none of ours.

    `out_is_negative`: the header says that money out is written with a minus. `marks`: words that are directions in
    this very export. `by_status`: (in, out) columns of a bill whose status says which of them moved.
    """

    headers: tuple[str, ...]
    at: dict[str, int]
    texts: tuple[int, ...] = ()
    unknown: tuple[int, ...] = ()
    out_is_negative: bool = False
    is_weak_mark: bool = False
    currency: str = ""
    marks: Mapping[str, str] = field(default_factory=dict)
    by_status: tuple[int, int] | None = None

    @property
    def has_amounts(self) -> bool:
        """Tells that a column of money that moved is known."""
        return bool({"in", "out", "amount"} & self.at.keys())

    def header_of(self, name: str) -> str:
        """Returns the header of a field as the file writes it, an empty text without one."""
        return self.headers[self.at[name]] if name in self.at else ""


def plain(header: str) -> str:
    """Returns a header as it is compared."""
    folded = _SQUARE.sub("", unicodedata.normalize("NFKC", header).casefold().translate(names.SIMPLIFIED))
    notes = [_DROPPED.sub("", note) for note in _ROUND.findall(folded)]
    base = _DROPPED.sub("", _CURRENCY_WORD.sub("", _ROUND.sub("", _UNIT.sub("", folded))))
    base = _UNIT.sub("", base)
    directions = [note for note in notes if note in _DIRECTIONS] if not _ONE_SIDED.search(base) else []
    return base + "".join(directions[:1])


def find_layout(headers: Sequence[str], mapping: ColumnMapping | None = None) -> Layout:
    """Returns the columns of a table. A mapping's word goes before the header's."""
    keys = [plain(header) for header in headers]
    at = _told(headers, keys, mapping.columns if mapping else {})
    unread = set(_told(headers, keys, {name: name for name in mapping.unread}).values()) if mapping else set()
    keys = ["" if place in unread else key for place, key in enumerate(keys)]
    known = at if mapping and {"in", "out", "amount"} & mapping.columns.keys() else {}
    for name in names.NAMES:
        if name in at or (known and name in _MONEY):
            continue
        place = _best(keys, _RANK[name], taken=at.values())
        if place is not None:
            at[name] = place
    if "booked_on" not in at and "value_on" in at:
        at["booked_on"] = at["value_on"]
    taken = set(at.values())
    free = [(key, place) for place, key in enumerate(keys) if key and place not in taken]
    texts = sorted((_TEXT_RANK[key], place) for key, place in free if key in _TEXT_RANK)
    places = ([at["text"]] if "text" in at else []) + [place for _rank, place in texts]
    return _with_profile(
        Layout(
            headers=tuple(headers),
            at=at,
            texts=tuple(dict.fromkeys(places)),
            unknown=tuple(place for key, place in free if key not in _KNOWN),
            out_is_negative="out" in at
            and (
                bool(_NEGATIVE_NOTE.search(_narrow(headers[at["out"]])))
                or any(set(each) <= set(keys) for each in names.OUT_NEGATIVE)
            ),
            is_weak_mark="mark" in at and keys[at["mark"]] in names.WEAK_MARKS,
            currency=_currency_note(headers, at),
        ),
        keys,
        told=bool(known),
    )


def _told(headers: Sequence[str], keys: Sequence[str], columns: Mapping[str, str]) -> dict[str, int]:
    """Returns field → place as a person said it: by "#3", by the header itself, else by its compared form."""
    at: dict[str, int] = {}
    exact = {one_line(header): place for place, header in reversed(list(enumerate(headers)))}
    compared = {key: place for place, key in reversed(list(enumerate(keys)))}
    for name, header in columns.items():
        numbered = _NUMBERED.fullmatch(header)
        place = int(numbered[1]) - 1 if numbered else exact.get(header, compared.get(plain(header)))
        if place is not None and place < len(headers):
            at[name] = place
    return at


def _best(keys: Sequence[str], ranks: Mapping[str, int], taken: Iterable[int]) -> int | None:
    """Returns the place of the header that is preferred, None where there is none of the field's."""
    used = set(taken)
    found = [(ranks[key], place) for place, key in enumerate(keys) if key in ranks and place not in used]
    return min(found)[1] if found else None


def _with_profile(layout: Layout, keys: Sequence[str], *, told: bool) -> Layout:
    """Adds what is peculiar to the bills of trades of WeChat and Alipay, unless a person named the columns of money."""
    if told:
        return layout
    places = {key: place for place, key in reversed(list(enumerate(keys)))}
    if "mark" in layout.at and keys[layout.at["mark"]] in names.DEBET_KREDIT:
        return replace(layout, marks=names.DEBET_KREDIT_MARKS)
    if places.keys() >= set(names.BUSINESS_BILL):
        return replace(layout, marks=names.BUSINESS_MARKS, is_weak_mark=False)
    if not places.keys() >= set(names.TRADE_BILL["headers"]) or names.TRADE_BILL["out"][0] not in places:
        return layout
    money_in = next((places[key] for key in names.TRADE_BILL["in"] if key in places), None)
    if money_in is None:
        return layout
    at = {name: place for name, place in layout.at.items() if name not in _MONEY}
    at |= {"in": money_in, "out": places[names.TRADE_BILL["out"][0]], "status": places["交易状态"]}
    return replace(layout, at=at, by_status=(at["in"], at["out"]), is_weak_mark=False)


def is_header(cells: Iterable[str]) -> bool:
    """Tells that a row is the header of a statement: a date, an amount and one more known column."""
    headers = list(cells)
    if sum(map(bool, headers)) < 3:
        return False
    layout = find_layout(headers)
    known = len({plain(header) for header in headers if header} & _KNOWN)
    return known >= 3 and "booked_on" in layout.at and layout.has_amounts


def is_doubtful(header: str) -> bool:
    """Tells that an unknown header sounds like money that moved."""
    key = plain(header)
    return any(word in key for word in names.MONEY_WORDS) and not is_other_money(header)


def is_other_money(header: str) -> bool:
    """Tells that a column holds money that did not move: balances, fees, rates."""
    key = plain(header)
    tokens = set(re.findall(r"[^\W\d_]+", _narrow(header).casefold()))
    return any(word in tokens if word.isascii() else word in key for word in names.NOT_MOVED)


def profile_of(headers: Sequence[str]) -> str:
    """Returns the code of the bank whose export has these headers, else `generic`."""
    found = {plain(header) for header in headers}
    return next((profile for profile, marks in names.PROFILES if found.issuperset(marks)), "generic")


def currency_code(text: str) -> str:
    """Returns the ISO code of 人民币 or CNY; an unknown name unchanged, for the message."""
    body = unicodedata.normalize("NFKC", text).strip().upper()
    return names.CURRENCIES.get(body, body)


def _currency_note(headers: Sequence[str], at: Mapping[str, int]) -> str:
    """Returns the currency that the header of an amount names, as in "Betrag (EUR)" or "Gutschrift in CHF"."""
    for name in ("amount", "in", "out"):
        if name not in at:
            continue
        header = _narrow(headers[at[name]])
        note, word = _CURRENCY_NOTE.search(header.upper()), _CURRENCY_WORD.search(header.casefold())
        code = note[1] if note else word["code"].upper().replace("EUROS", "EUR").replace("EURO", "EUR") if word else ""
        try:
            exponent(currency_code(code))
        except ValueError:
            continue
        return currency_code(code)
    return ""


def _narrow(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def skips(mapping: ColumnMapping | None, layout: Layout, cells: Sequence[str]) -> bool:
    """Tells that a person said to pass rows with this value over."""
    for header, values in (mapping.skip_when if mapping else {}).items():
        for place, own in enumerate(layout.headers):
            if (own == header or plain(own) == plain(header)) and place < len(cells) and cells[place] in values:
                return True
    return False
