"""Defines `huikuan doctor`: one line per invariant; exits 1 when one does not hold."""

from __future__ import annotations

import click

from app.cli.local import use_local_servers
from app.doctor import InvariantCheck, examine
from tenants.commandline import emit, json_option, reports_errors


@click.command("doctor")
@click.option("--tenant", "slug", metavar="SLUG", help="This company only; without it, every company.")
@json_option
@reports_errors
def doctor(slug: str | None, as_json: bool) -> None:
    """Check every invariant of the installation and its companies."""
    use_local_servers()
    lines = []
    for line in examine(slug):
        lines.append(line)
        if not as_json:
            click.echo(_text(line))
    broken = [line for line in lines if not line.ok]
    payload: dict[str, object] = {"ok": not broken, "checks": [line._asdict() for line in lines]}
    verdict = f"{len(broken)} of {len(lines)} checks failed." if broken else f"All {len(lines)} checks hold."
    if broken:
        payload["error"] = {"code": "violation", "message": verdict, "checks": [line.name for line in broken]}
    emit(payload, as_json, lambda: verdict)
    if broken:
        raise SystemExit(1)


def _text(line: InvariantCheck) -> str:
    where = f"{line.tenant}: " if line.tenant else ""
    return f"{'ok  ' if line.ok else 'FAIL'} {where}{line.name}" + (f": {line.detail}" if line.detail else "")
