"""Has an uploaded file checked again: after a failure, or with its documents posted in another way.

Invariant: parse, authorise, one command, redirect. The views belong to the blueprint of `mapping_routes`.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from flask import url_for

from ar.imports import commands
from ar.imports.mapping_routes import bp
from kernel.errors import Conflict
from tenants.access import staff
from tenants.permissions import Permission
from web.context import actor, db
from web.refusals import refused
from web.responses import Page, see_other


@bp.post("/<uuid:job_id>/check")
@staff(Permission.IMPORT)
def check_again(job_id: UUID) -> Page:
    """Checks a file whose import failed once more. Idempotent."""
    url = url_for("imports.show", job_id=job_id)
    try:
        commands.check_again(db(), actor(), job_id)
    except Conflict as fault:
        return refused(fault, url)
    return see_other(url)


@bp.post("/<uuid:job_id>/openings")
@staff(Permission.IMPORT)
def as_openings(job_id: UUID) -> Page:
    """Checks a file again with what is dated in the locked period posted on the day after it."""
    url = url_for("imports.show", job_id=job_id)
    try:
        commands.post_as_openings(db(), actor(), job_id)
    except Conflict as fault:
        return refused(fault, url)
    return see_other(url)


@bp.post("/<uuid:job_id>/credits/<any(opening_balance, revenue):account>")
@staff(Permission.IMPORT)
def credit(job_id: UUID, account: Literal["opening_balance", "revenue"]) -> Page:
    """Checks a file again with its documents posted against another account."""
    url = url_for("imports.show", job_id=job_id)
    try:
        commands.credit_account(db(), actor(), job_id, account)
    except Conflict as fault:
        return refused(fault, url)
    return see_other(url)
