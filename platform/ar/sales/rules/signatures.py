"""What is a signature on a delivery note, who has to give it, and which proof shows it.

Source: R100, R104. Pure. Invariant: a pad without a stroke and without a legible name is no signature.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

Channel = Literal["scan", "driver", "carrier", "portal", "import"]
#: A point or two is a slip of the finger; a stroke goes somewhere.
STROKE_POINTS_MIN: Final = 3
STROKE_LENGTH_MIN: Final = 20
STROKES_MAX: Final = 200
POINTS_MAX: Final = 5_000
#: The pad is so wide and high, whatever the screen.
PAD_WIDTH, PAD_HEIGHT = 600, 200

Point = tuple[int, int]
Strokes = Sequence[Sequence[Point]]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a sign-off brings: the name of who signed, whether there is a scan or photo, the strokes on the glass."""

    name: str
    has_file: bool
    strokes: Strokes = ()


@dataclass(frozen=True, slots=True)
class Expected:
    """Who has to sign a note by its mode, and for a pick-up the person whom the customer named (R100)."""

    mode: str
    picker_up: str = ""


def is_legible(name: str) -> bool:
    """Whether a name can be read as one: a Chinese character, or two letters of any script."""
    letters = [char for char in name if unicodedata.category(char).startswith("L")]
    return len(letters) >= 2 or any(unicodedata.category(char) == "Lo" for char in letters)


def parse_strokes(text: str) -> list[list[Point]]:
    """Parses the strokes of a pad, `[[[x, y], …], …]` in pad units. Raises ValueError for anything else."""
    if not text.strip():
        return []
    try:
        found = json.loads(text)
    except RecursionError:
        raise ValueError("strokes") from None
    if not isinstance(found, list) or len(found) > STROKES_MAX:
        raise ValueError("strokes")
    strokes = [_parse_stroke(each) for each in found]
    if sum(map(len, strokes)) > POINTS_MAX:
        raise ValueError("strokes")
    return strokes


def _parse_stroke(stroke: object) -> list[Point]:
    if not isinstance(stroke, list):
        raise ValueError("strokes")
    points = []
    for point in stroke:
        if not isinstance(point, list) or len(point) != 2 or any(type(each) not in (int, float) for each in point):
            raise ValueError("strokes")
        x, y = point
        points.append((round(min(max(0, x), PAD_WIDTH)), round(min(max(0, y), PAD_HEIGHT))))
    return points


def has_stroke(strokes: Strokes) -> bool:
    """Whether something was drawn: one stroke of three points that is longer than a slip of the finger."""
    return any(len(stroke) >= STROKE_POINTS_MIN and _length(stroke) >= STROKE_LENGTH_MIN for stroke in strokes)


def _length(stroke: Sequence[Point]) -> float:
    return sum(math.dist(one, other) for one, other in pairwise(stroke))


def strokes_svg(strokes: Strokes) -> bytes:
    """Returns the strokes as a picture (SVG) on white."""
    paths = "".join(f'<path d="M{" L".join(f"{x} {y}" for x, y in stroke)}"/>' for stroke in strokes if len(stroke) > 1)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {PAD_WIDTH} {PAD_HEIGHT}">'
        f'<rect width="{PAD_WIDTH}" height="{PAD_HEIGHT}" fill="#ffffff"/>'
        f'<g fill="none" stroke="#1c2321" stroke-width="3" stroke-linecap="round" stroke-linejoin="round">{paths}</g>'
        "</svg>"
    ).encode()


def signature_fault(channel: Channel, expected: Expected, evidence: Evidence, note: str) -> str | None:
    """Returns the code of what is missing for a signature, None when it is one.

    A scan and a carrier's proof are a file. On the driver's phone a photo, strokes or a legible name will do, an empty
    pad alone will not. Goods that are picked up are signed for by the person whom the customer named; by another one
    only with a note that says on whose word.
    """
    if channel in ("scan", "carrier") and not evidence.has_file:
        return "sign_off_file_missing" if channel == "scan" else "sign_off_carrier_proof_missing"
    if not (evidence.has_file or has_stroke(evidence.strokes) or is_legible(evidence.name)):
        return "sign_off_no_signature"
    if evidence.name.strip() and not is_legible(evidence.name):
        return "sign_off_name_illegible"
    if expected.mode == "pick_up" and expected.picker_up and channel != "import":
        if not is_legible(evidence.name):
            return "sign_off_picker_up_missing"
        if evidence.name.strip().casefold() != expected.picker_up.strip().casefold() and not note.strip():
            return "sign_off_other_person"
    return None
