"""Runs one piece of work again and again in forked children, each killed (SIGKILL) before its next statement.

A process of its own: `python -m tests.support.killed MODULE:FUNCTION …`. The function gets the tenant's id and the
values; each child begins from what is committed. Prints how many children were killed before one came through.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from importlib import import_module
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from tests.support.clock import set_the_clock

MOST = 200


def killed_everywhere(work: str, tenant_id: UUID, after: str, **values: Any) -> int:
    """How often `work` was killed until it came through; `after` is called in a child after each kill and must
    return None (what it says otherwise fails the test). Both are `module:function`.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.killed", work, after, str(tenant_id), json.dumps(values)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return int(done.stdout.strip().splitlines()[-1])


def _child(name: str, tenant_id: UUID, values: dict[str, Any], die_at: int | None) -> None:
    from kernel import db

    engine = db.engine()
    seen = count(1)

    def die(*_: Any) -> None:
        if next(seen) == die_at:
            os.kill(os.getpid(), signal.SIGKILL)

    if die_at is not None:
        sa.event.listen(engine, "before_cursor_execute", die)
        sa.event.listen(engine, "commit", die)
    module, function = name.split(":")
    said = getattr(import_module(module), function)(tenant_id, **values)
    if said is not None:
        sys.stderr.write(f"{said}\n")
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _run(name: str, tenant_id: UUID, values: dict[str, Any], die_at: int | None) -> int:
    """The child's wait status: 0, or -9 when it was killed."""
    pid = os.fork()
    if pid == 0:
        try:
            _child(name, tenant_id, values, die_at)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(2)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main() -> int:
    set_the_clock()
    work, after, tenant, values = sys.argv[1:]
    tenant_id, kept = UUID(tenant), json.loads(values)
    import_module(work.split(":")[0])
    import_module("app.models")
    for die_at in range(1, MOST):
        status = _run(work, tenant_id, kept, die_at)
        if status == 0:
            sys.stdout.write(f"{die_at - 1}\n")
            return 0
        if status != -signal.SIGKILL or _run(after, tenant_id, kept, None):
            return 1
    return 1


if __name__ == "__main__":
    sys.exit(main())
