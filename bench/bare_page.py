"""A bare Flask page of 50 rows with one indexed query: what the web server, Flask and the database cost by themselves.

Served by the same gunicorn as the builds, over the books of this one (`DATABASE_URL`); `BENCH_TENANT` is the company.
"""

from __future__ import annotations

import os
from uuid import UUID

import psycopg
import sqlalchemy as sa
from flask import Flask, render_template

PAGE = """<!doctype html><title>bare</title><table>{% for row in rows %}<tr>{% for cell in row %}
<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"""
ROWS = (
    "SELECT i.document_no, i.kind, i.document_on, i.due_on, i.currency, i.amount_minor, i.open_minor, i.customer_id"
    " FROM open_item i WHERE i.tenant_id = %s AND i.cleared_on IS NULL ORDER BY i.due_on, i.id LIMIT 50"
)


def create_app() -> Flask:
    """Returns the application of one page."""
    app = Flask("bare")
    tenant_id = UUID(os.environ["BENCH_TENANT"])
    pool = sa.create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(os.environ["DATABASE_URL"]))
    template = app.jinja_env.from_string(PAGE)

    @app.get("/")
    def index() -> str:
        with pool.connect() as connection:
            rows = connection.exec_driver_sql(ROWS, (tenant_id,)).all()
        return render_template(template, rows=rows)

    return app
