"""Defines `huikuan metrics`: the figures of the installation's work, for Prometheus or for a person."""

from __future__ import annotations

import click

from app.cli.local import use_local_servers
from app.metrics import exposition, measure
from kernel.clock import utc_now
from tenants.commandline import emit, json_option, reports_errors


@click.command("metrics")
@json_option
@reports_errors
def metrics(as_json: bool) -> None:
    """Print what waits, what was given up and what is in doubt (the text format of Prometheus)."""
    use_local_servers()
    gauges = list(measure(utc_now()))
    payload = {gauge.name: gauge.values if gauge.label else gauge.values[""] for gauge in gauges}
    emit(payload, as_json, lambda: exposition(gauges).rstrip())
