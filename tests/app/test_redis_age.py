"""The doctor names a Redis that is too old: a stand-in that speaks its protocol and gives a version."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.doctor import _redis
from kernel.settings import Settings


@contextmanager
def _redis_of_version(version: str) -> Iterator[str]:
    """The URL of a server on loopback that greets, answers INFO, and knows no other command."""

    class Answers(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            while head := self.rfile.readline():
                words = [self.rfile.read(int(self.rfile.readline()[1:]) + 2)[:-2] for _ in range(int(head[1:]))]
                told = f"# Server\r\nredis_version:{version}\r\n".encode()
                answers = {b"HELLO": b"%1\r\n+proto\r\n:3\r\n", b"INFO": b"$%d\r\n%s\r\n" % (len(told), told)}
                self.wfile.write(answers.get(words[0].upper(), b"-ERR unknown command\r\n"))

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"redis://127.0.0.1:{server.server_address[1]}/0"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(("version", "supported"), [("7.0.15", False), ("6.2.14", False), ("7.2.4", True)])
def test_the_doctor_says_whether_redis_is_new_enough(version: str, supported: bool) -> None:
    with _redis_of_version(version) as url:
        lines = list(_redis(Settings(redis_url=url)))
    assert [tuple(line) for line in lines] == [
        ("redis: answers", True, "", None),
        ("redis: Redis 7.2 or newer", supported, version, None),
    ]
