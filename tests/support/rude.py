"""A mail server on loopback that answers as it is told: refuses the sender, greylists, hangs up on the text."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def rude_server(answers: dict[str, str]) -> Iterator[str]:
    """Yields its smtp:// URL. `answers` maps MAIL, RCPT, DATA or TEXT to a reply; `hang up` closes the line."""
    listener = socket.create_server(("127.0.0.1", 0))
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                line, _address = listener.accept()
            except OSError:
                return
            with line, suppress(OSError):
                _talk(line, answers)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"smtp://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        stop.set()
        with suppress(OSError):
            socket.create_connection(listener.getsockname(), timeout=1).close()
        listener.close()
        thread.join(10)


def _talk(line: socket.socket, answers: dict[str, str]) -> None:
    reader = line.makefile("rb")
    line.sendall(b"220 rude\r\n")
    in_text = False
    for raw in reader:
        verb = raw[:4].decode("ascii", "replace").upper().strip()
        if in_text:
            if raw != b".\r\n":
                continue
            in_text, verb = False, "TEXT"
        reply = answers.get(verb, "354 go on" if verb == "DATA" else "221 bye" if verb == "QUIT" else "250 ok")
        if reply == "hang up":
            return
        line.sendall(reply.encode() + b"\r\n")
        in_text = reply.startswith("354")
        if verb == "QUIT":
            return
