"""A mail server on loopback that holds a conversation at one point until it is told to go on."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class MailGate:
    """Holds the first conversation that comes to `hold_at` (RCPT, or TEXT: after the text); takes all others."""

    hold_at: str
    url: str = ""
    held: threading.Event = field(default_factory=threading.Event)
    open: threading.Event = field(default_factory=threading.Event)
    texts: list[str] = field(default_factory=list)

    def talk(self, line: socket.socket) -> None:
        """Holds one conversation of SMTP."""
        reader, in_text, text = line.makefile("rb"), False, b""
        line.sendall(b"220 gate\r\n")
        for raw in reader:
            verb = raw[:4].decode("ascii", "replace").upper().strip()
            if in_text:
                text += raw
                if raw != b".\r\n":
                    continue
                in_text, verb = False, "TEXT"
                self.texts.append(text.decode())
            if verb == self.hold_at and not self.held.is_set():
                self.held.set()
                self.open.wait(60)
            line.sendall(b"354 go on\r\n" if verb == "DATA" else b"221 bye\r\n" if verb == "QUIT" else b"250 ok\r\n")
            in_text = verb == "DATA"


@contextmanager
def mail_gate(hold_at: str) -> Iterator[MailGate]:
    """Starts the server; it closes, and lets go what it holds, at the end."""
    listener = socket.create_server(("127.0.0.1", 0))
    gate = MailGate(hold_at, f"smtp://127.0.0.1:{listener.getsockname()[1]}")
    threads: list[threading.Thread] = []
    stop = threading.Event()

    def one(line: socket.socket) -> None:
        with line, suppress(OSError):
            gate.talk(line)

    def serve() -> None:
        while True:
            line, _address = listener.accept()
            if stop.is_set():
                line.close()
                return
            threads.append(threading.Thread(target=one, args=(line,)))
            threads[-1].start()

    accepting = threading.Thread(target=serve)
    accepting.start()
    try:
        yield gate
    finally:
        gate.open.set()
        stop.set()
        socket.create_connection(listener.getsockname(), timeout=1).close()
        accepting.join(10)
        listener.close()
        for thread in threads:
            thread.join(10)
