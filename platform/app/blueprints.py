"""Registers every blueprint: the slices' pages for staff under `/c/<company>`, those for others as they are."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Final

from flask import Blueprint, Flask

from app import demo
from app.development import bp as development
from app.slices import SLICES
from kernel.settings import settings

COMPANY: Final = "/c/<company>"


def register(app: Flask) -> None:
    """Imports the slices' pages and registers them; in development also the caught mails and the design pages.

    Several modules may hang their views on one blueprint, so all are imported before the first is registered.
    """
    staff = dict.fromkeys(_blueprint(name) for each in SLICES for name in each.pages)
    outside = dict.fromkeys(_blueprint(name) for each in SLICES for name in each.outside)
    for blueprint in staff:
        app.register_blueprint(blueprint, url_prefix=COMPANY + (blueprint.url_prefix or ""))
    for blueprint in outside:
        app.register_blueprint(blueprint)
    if settings().environment == "development":
        app.register_blueprint(development)
    demo.install(app, settings())


def _blueprint(name: str) -> Blueprint:
    found = resolve_name(name)
    if not isinstance(found, Blueprint):
        raise TypeError(f"{name} is no blueprint")
    return found
