"""Clients that ask a web server for one page again and again: `python -P bench/clients.py`, told by JSON on its input.

Runs beside what is measured as a process of its own, so that its work is nobody's CPU time. Invariant: an answer other
than 200 ends it, since an error page is quick.
"""

from __future__ import annotations

import json
import sys
import threading
from http.client import HTTPConnection
from time import perf_counter
from typing import Any


def ask(host: str, port: int, path: str, headers: dict[str, str], until: float, spent_ms: list[float]) -> None:
    """Asks for the page until the moment `until` on one connection, at least once; adds what each answer took."""
    line = HTTPConnection(host, port, timeout=120)
    while True:
        began = perf_counter()
        line.request("GET", path, headers=headers)
        answer = line.getresponse()
        answer.read()
        spent_ms.append((perf_counter() - began) * 1000)
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        if perf_counter() >= until:
            return


def main(told: dict[str, Any]) -> dict[str, Any]:
    """Returns what every answer took (ms) and how long all of it was (s)."""
    spent_ms: list[float] = []
    failed: list[BaseException] = []

    def work() -> None:
        try:
            ask(told["host"], told["port"], told["path"], told["headers"], until, spent_ms)
        except BaseException as error:
            failed.append(error)

    began = perf_counter()
    until = began + told["seconds"]
    clients = [threading.Thread(target=work) for _ in range(told["clients"])]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    if failed:
        raise failed[0]
    return {"spent_ms": spent_ms, "seconds": perf_counter() - began}


if __name__ == "__main__":
    print(json.dumps(main(json.load(sys.stdin))))
