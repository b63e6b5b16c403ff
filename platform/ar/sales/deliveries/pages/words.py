"""Words of the pages of deliveries: names of states and modes, and why a note stays, with amounts or without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ar.credit.lookups import reason_sentences, reasons_of
from ar.credit.rules.decision import Reason
from ar.sales.deliveries.messages import CHANNEL_NAMES, GOODS_REASONS, MEASURES, MODE_NAMES, STATE_NAMES
from ar.sales.orders.messages import CHECKPOINT_NAMES
from ar.sales.rules.shipping import plain
from kernel.i18n import gettext as _

WORDS: dict[str, Any] = {
    "states": STATE_NAMES,
    "modes": MODE_NAMES,
    "channels": CHANNEL_NAMES,
    "measures": MEASURES,
    "checkpoints": CHECKPOINT_NAMES,
    "plain": plain,
}


@dataclass(frozen=True, slots=True)
class Stays:
    """Why a note stays, in one sentence, and whom to ask."""

    text: str
    ask: str


def goods_reasons(reasons: Iterable[Reason]) -> list[Stays]:
    """Returns why a note stays without any amount, for who sees goods and no money; each sentence once."""
    found = dict.fromkeys((_(GOODS_REASONS[each.code][0]), _(GOODS_REASONS[each.code][1])) for each in reasons)
    return [Stays(text, ask) for text, ask in found]


def stored_reasons(stored: Sequence[Mapping[str, Any]], *, money: bool) -> list[str]:
    """Returns the sentences of stored reasons that were not waived, with or without amounts."""
    reasons = reasons_of(each for each in stored if "waived_by" not in each)
    return reason_sentences(reasons) if money else [stays.text for stays in goods_reasons(reasons)]


def mode_options() -> list[tuple[str, str]]:
    """Returns the ways of delivery as options of a form."""
    return [(code, _(name)) for code, (name, _who) in MODE_NAMES.items()]
