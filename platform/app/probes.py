"""Answers whether the web process lives (`/healthz`) and whether the product can work (`/readyz`)."""

from __future__ import annotations

import redis
import sqlalchemy as sa
from flask import Blueprint, Response, current_app, jsonify

from app.migrate import head_revision
from kernel.db import read_only_transaction
from kernel.queue import redis_client
from kernel.settings import instance_of, settings
from tenants.access import public

bp = Blueprint("health", __name__)

OK, UNAVAILABLE = 200, 503


@bp.get("/healthz")
@public
def live() -> Response:
    """Answers 200 while the process answers at all: nothing else is asked, so no restart for another's fault."""
    return jsonify(status="ok", instance=instance_of(str(current_app.config["SECRET_KEY"])))


@bp.get("/readyz")
@public
def ready() -> tuple[Response, int]:
    """Answers 200 when database (at this release's revision) and Redis answer, else 503 and what does not."""
    faults = {name: fault for name, fault in (("database", _database()), ("redis", _redis())) if fault}
    answer = jsonify(status="unavailable" if faults else "ok", **faults)
    return answer, UNAVAILABLE if faults else OK


def _database() -> str:
    """Returns what keeps the database from serving this release; empty when nothing does."""
    wanted = head_revision()
    try:
        with read_only_transaction(None) as db:
            found = db.execute(sa.text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
    except sa.exc.SQLAlchemyError as fault:
        return type(fault).__name__
    return "" if found == wanted else f"at revision {found}, not {wanted}"


def _redis() -> str:
    if not settings().redis_url:
        return ""
    try:
        redis_client().ping()
    except redis.RedisError as fault:
        return type(fault).__name__
    return ""
