"""Pages: a list of 50 rows and one customer, against a bare Flask route with the same SQL and a plain table.

May import the stage and app.factory. Invariant: the floor runs the very statements that the product's page ran, with
their values, and writes as many table rows as the product's page has.
"""

from __future__ import annotations

from time import perf_counter
from typing import Any

from flask import Flask, Response, render_template
from flask.testing import FlaskClient

from bench.daily_run import slowest
from bench.measure import Result, Tally, alternate, timed, watching
from bench.stage import TODAY, Stage, stage_items, stage_ladder
from kernel.clock import utc_now
from kernel.db import engine, make_engine, transaction
from kernel.settings import settings
from tenants.sign_in import sessions

TURNS = 150  # of one request each: a slow moment of the machine meets both alike
PLAIN = """<!doctype html><title>{{ title }}</title><table>{% for row in rows %}<tr>{% for cell in row %}
<td>{{ cell }}</td>{% endfor %}</tr>{% endfor %}</table>"""


def run(url: str, items: int) -> list[Result]:
    """The list of customers, the list of receivables, one customer's page."""
    from app.factory import create_app

    stage = stage_items(url, items)
    stage_ladder(url, stage, next_on=TODAY)
    app = create_app()
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, PROPAGATE_EXCEPTIONS=True)
    client = signed_in(app, stage)
    base = f"/c/{stage.slug}"
    paths = {
        "page_customers": ("list of customers, 50 rows", f"{base}/customers/?per=50"),
        "page_receivables": ("list of receivables, 50 rows", f"{base}/receivables/?per=50"),
        "page_customer": ("one customer's page", f"{base}/customers/{stage.customers[7]}"),
    }
    return [_page(client, name, what, path) for name, (what, path) in paths.items()]


def signed_in(app: Flask, stage: Stage) -> FlaskClient:
    """Returns a client with a session of the staged person."""
    client = app.test_client()
    with transaction(None) as db:
        cookie = sessions.begin(db, stage.user_id, utc_now(), browser="bench", address="127.0.0.1")
    with client.session_transaction() as session:
        session["_user_id"] = cookie
        session["_fresh"] = True
    return client


def _page(client: FlaskClient, name: str, what: str, path: str) -> Result:
    """The product's page, then the same statements replayed by a route of five lines."""
    client.get(path)
    with watching(engine()) as tally:
        start = perf_counter()
        answer = client.get(path)
        spent = perf_counter() - start
    assert answer.status_code == 200, f"{path}: {answer.status_code}"
    rows = answer.text.count("<tr")
    bare = _bare(tally, rows)

    floor_ms, product_ms = alternate(TURNS, timed(lambda: bare.get("/")), timed(lambda: client.get(path)))
    return Result(
        name,
        what,
        floor_ms,
        product_ms,
        2.5,
        tally.count,
        (spent - tally.database_s) * 1000,
        statements_limit=8,
        more={"rows": rows, "bytes": len(answer.data), "slowest": slowest(tally)},
    )


def _bare(tally: Tally, rows: int) -> FlaskClient:
    """A Flask application with one route: the statements in one transaction, then `rows` rows of eight cells."""
    app = Flask("bare")
    pool = make_engine(settings().database_url)
    template = app.jinja_env.from_string(PLAIN)  # compiled once, as the product's are
    statements = [(statement, parameters) for statement, parameters, _spent in tally.statements]

    @app.get("/")
    def index() -> Response | str:
        with pool.connect() as connection:
            cursor: Any = connection.connection.cursor()
            most: list[Any] = []
            for statement, parameters in statements:
                cursor.execute(statement, parameters)
                got = cursor.fetchall() if cursor.description else []
                most = got if len(got) > len(most) else most
            cells = [[str(value) for value in row][:8] for row in most] or [["—"] * 8]
            shown = [cells[n % len(cells)] for n in range(rows)]
            return render_template(template, title="bare", rows=shown)

    return app.test_client()
