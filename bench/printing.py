"""One statement as PDF: thirty lines, Chinese, against Typst alone with the same data.

May import ar.statements and the kernel. Invariant: both sides keep their compiler, and make the same bytes.
"""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta
from itertools import count

import typst

from ar.statements.documents import Debtor, Heading, Sender, _paper, print_statement
from ar.statements.rules.figures import OpenDocument, PostedDocument, StatementFigures, compute_figures
from bench.measure import Result, alternate, timed
from kernel import pdf
from kernel.i18n import use_language
from kernel.ids import new_id

ROUNDS = 5
PAPERS = 20
LINES = 30
HEADING = Heading(
    "ST-2026-10-000001", date(2026, 11, 2), date(2026, 10, 1), date(2026, 10, 31), "CNY", date(2026, 11, 17)
)
SENDER = Sender(
    "伟业电子有限公司", "广东省东莞市松山湖科技九路 18 号", "0769-8888 0618", "林晓", "accountant@weiye.example"
)
DEBTOR = Debtor("C0001", "东莞市锦澜电器有限公司", "黄丽华", "zh_CN")


def run(_url: str, _items: int) -> list[Result]:
    """The product makes its texts and renders; the floor compiles the same template with the finished data."""
    figures = _figures()
    # No two papers are alike: Typst remembers what it was asked before, and a tenant's statements differ.
    numbers = count(1)

    def heading() -> Heading:
        return replace(HEADING, number=f"ST-2026-10-{next(numbers):06d}")

    def finished() -> str:
        with use_language(DEBTOR.language):
            data = _paper(heading(), SENDER, DEBTOR, figures)
        return json.dumps(data, ensure_ascii=False, sort_keys=True)

    fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(pdf.FONTS)])
    bare = typst.Compiler(str(pdf.TEMPLATES / "statement.typ"), root=str(pdf.TEMPLATES), font_paths=fonts)

    def typst_alone(text: str) -> bytes:
        return bare.compile(sys_inputs={"data": text}, format="pdf", pdf_standards="a-2b")  # type: ignore[return-value]

    with use_language(DEBTOR.language):
        same = json.dumps(_paper(HEADING, SENDER, DEBTOR, figures), ensure_ascii=False, sort_keys=True)
    made = print_statement(HEADING, SENDER, DEBTOR, figures)
    assert typst_alone(same) == made.pdf

    def floor() -> float:
        texts = [finished() for _ in range(PAPERS)]
        return timed(lambda: [typst_alone(text) for text in texts])()

    product = timed(lambda: [print_statement(heading(), SENDER, DEBTOR, figures) for _ in range(PAPERS)])
    floor_ms, product_ms = alternate(ROUNDS, floor, product)
    return [
        Result(
            "pdf",
            f"statement PDF, {LINES} rows, Chinese",
            floor_ms / PAPERS,
            product_ms / PAPERS,
            1.3,
            more={"bytes": len(made.pdf)},
        )
    ]


def _figures() -> StatementFigures:
    """Thirty movements of a month, a third of them receipts, and what is open in the end."""
    booked, balance = [], 12_500_000
    for n in range(LINES):
        side = -1 if n % 3 == 2 else 1
        on, minor = date(2026, 10, 1) + timedelta(days=n), 1_234_567 * (n % 5 + 1)
        kind = "receipt" if side < 0 else "invoice"
        booked.append(PostedDocument(new_id(), on, f"XS2610-{n + 1:04d}", kind, on + timedelta(days=30), side, minor))
        balance += side * minor
    opened = OpenDocument(new_id(), date(2026, 9, 1), "XS2609-0001", "invoice", date(2026, 10, 1), 1, balance)
    return compute_figures(12_500_000, booked, [opened], as_of=date(2026, 10, 31), currency="CNY")
