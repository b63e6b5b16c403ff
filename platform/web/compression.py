"""Answers are compressed on the wire: gzip of the standard library, for browsers that ask for it.

Invariants: only whole texts of some length are compressed, once; an eligible answer says `Vary: Accept-Encoding`
whether it was or not; the length of a compressed page is blurred at random and no secret stands in two answers alike,
so that the length tells nothing of it (BREACH, ADR 0040).
"""

from __future__ import annotations

import gzip
import io
import secrets
from typing import Final

from flask import Flask, Request, Response, request

#: Below it the headers of an answer weigh more than what is saved.
LEAST_BYTES: Final = 600
#: Level 5: within some per cent of the best, at half of its time.
LEVEL: Final = 5
#: At most so many bytes are added to a page's length, at random.
BLUR_BYTES: Final = 64
_TEXTS: Final = frozenset(
    {
        "text/html",
        "text/css",
        "text/javascript",
        "text/plain",
        "text/csv",
        "application/json",
        "application/xml",
        "image/svg+xml",
    }
)


def install(app: Flask) -> None:
    """Compresses the answers of the application."""
    app.after_request(compress)


def compress(response: Response) -> Response:
    """Compresses an answer's body where that pays and the browser accepts it."""
    if response.mimetype not in _TEXTS or response.direct_passthrough or "Content-Encoding" in response.headers:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code in (204, 304) or response.is_streamed or not accepts_gzip(request):
        return response
    body = response.get_data()
    if len(body) < LEAST_BYTES:
        return response
    mark_compressed(response, gzipped(body, LEVEL, blur_bytes=BLUR_BYTES))
    return response


def accepts_gzip(asked: Request) -> bool:
    """Returns whether the browser takes gzip."""
    return asked.accept_encodings.quality("gzip") > 0


def mark_compressed(response: Response, body: bytes) -> None:
    """Gives an answer its compressed body, and the headers that say so."""
    response.set_data(body)
    response.headers["Content-Encoding"] = "gzip"
    if etag := response.get_etag()[0]:
        # The bytes differ from those of the plain answer, so their name does as well.
        response.set_etag(f"{etag}.gz")


def gzipped(body: bytes, level: int, *, blur_bytes: int = 0) -> bytes:
    """Returns `body` as gzip; up to `blur_bytes` random bytes lengthen it, as a file name that nobody reads."""
    name = secrets.token_urlsafe(blur_bytes)[: secrets.randbelow(blur_bytes)] if blur_bytes else ""
    out = io.BytesIO()
    with gzip.GzipFile(filename=name, mode="wb", compresslevel=level, fileobj=out, mtime=0) as packed:
        packed.write(body)
    return out.getvalue()
