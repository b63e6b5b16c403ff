"""`python -m bench [--only NAME]…`, or `--against REV [--case NAME]…`: measures, prints a table, writes JSON."""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Callable
from time import perf_counter

from bench.measure import Result, table, write_json
from bench.server import database

Case = Callable[[str, int], list[Result]]
ITEMS = 100_000


def _cases() -> dict[str, Case]:
    # Imported when the environment points at the server: modules read the settings once.
    from bench import aging, cash, credit, daily_run, importing, ledger, month, outside, pages, printing

    return {
        "pdf": printing.run,
        "pages": pages.run,
        "aging": aging.run,
        "run-none": daily_run.nothing_due,
        "run-all": daily_run.all_move,
        "import": importing.run,
        "ledger-aging": ledger.aging,
        "doctor": ledger.examination,
        "receipt": cash.receipts,
        "card": cash.account_card,
        "bank": cash.bank_file,
        "month": month.run,
        "exposure": credit.exposure,
        "ship": credit.shipments,
        "signals": credit.signals,
        "help": outside.help_text,
        "wire": outside.wire,
        "demo": outside.demo,
    }


def main() -> int:
    """Exit code 0 also when a limit is missed (a bench reports, it does not judge), 1 when a case could not run."""
    names = (
        "pdf",
        "pages",
        "aging",
        "run-none",
        "run-all",
        "import",
        "ledger-aging",
        "doctor",
        "receipt",
        "card",
        "bank",
        "month",
        "exposure",
        "ship",
        "signals",
        "help",
        "wire",
        "demo",
    )
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=names, help="only this case; may be given several times")
    parser.add_argument("--against", metavar="REV", help="measure this build beside another one, built from REV")
    parser.add_argument("--case", action="append", default=[], help="with --against: only this case (mail, letter…)")
    parser.add_argument("--items", type=int, default=ITEMS, help=f"open items (default {ITEMS:,})")
    wanted = parser.parse_args()
    if wanted.against:
        from bench import against

        compared = against.run(wanted.against, wanted.case)
        print(table(compared, floor=wanted.against))
        for result in compared:
            print(f"{result.name}: pairs {result.more['ratios of the pairs']}, wall ms {result.more['wall ms']}")
        write_json(compared, {"against": wanted.against, "cores": os.cpu_count()}, "against.json")
        return 0
    results: list[Result] = []
    failed: list[str] = []
    with database() as url:
        version = _version(url)
        for name, case in _cases().items():
            if wanted.only and name not in wanted.only:
                continue
            started = perf_counter()
            try:
                results.extend(case(url, wanted.items))
            except Exception:
                # One case that cannot run must not cost the others an hour's measuring.
                failed.append(name)
                traceback.print_exc()
            print(f"{name}: {perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
        from kernel.db import engine

        engine().dispose()
    print(table(results))
    for result in results:
        if not result.ok and result.limit is not None:
            print(f"\n{result.what}: {result.ratio:.2f} x")
            for line in result.more.get("slowest", ()):
                print(f"    {line}")
    write_json(results, {"items": wanted.items, "postgresql": version, "cores": os.cpu_count()})
    return 1 if failed else 0


def _version(url: str) -> str:
    import psycopg

    with psycopg.connect(url) as connection:
        return str(connection.execute("SHOW server_version").fetchone()[0])  # type: ignore[index]


if __name__ == "__main__":
    sys.exit(main())
