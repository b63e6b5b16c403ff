"""Streams XML: yields chosen elements as small trees and skips the rest.

Invariants: no DTD and no entity is ever read; depth, the size of a tree and the length of a text are bounded; names
are local names, so a namespace never hides an element.
"""

from __future__ import annotations

import codecs
from collections.abc import Collection, Iterator
from typing import Final, NoReturn
from xml.parsers import expat

from ar.receipts.bank.formats.events import Refused

MAX_DEPTH: Final = 60
#: So many elements of one tree are kept; a batch of more single payments is read as one entry.
MAX_NODES: Final = 400_000
MAX_TEXT_CHARS: Final = 4_000
_CHUNK: Final = 1 << 16


class Node:
    """An element: local name, text, attributes, children, and the line where it begins."""

    __slots__ = ("attributes", "children", "line", "name", "text")

    def __init__(self, name: str, attributes: dict[str, str], line: int) -> None:
        self.name, self.attributes, self.line = name, attributes, line
        self.text = ""
        self.children: list[Node] = []

    def first(self, path: str) -> Node | None:
        """Returns the first element on a path of names ("Acct/Id/IBAN"), or None."""
        node = self
        for name in path.split("/"):
            for child in node.children:
                if child.name == name:
                    node = child
                    break
            else:
                return None
        return node

    def get(self, *paths: str) -> str:
        """Returns the text of the first path that has one, else an empty text."""
        for path in paths:
            node = self.first(path)
            if node is not None and (text := node.text.strip()):
                return text
        return ""

    def all(self, path: str) -> list[Node]:
        """Returns all elements on a path."""
        nodes = [self]
        for name in path.split("/"):
            nodes = [child for node in nodes for child in node.children if child.name == name]
        return nodes


class Ended(str):
    """The end of an element in `marks`."""

    __slots__ = ()


class _TreeBuilder:
    def __init__(self, trees: Collection[str], marks: Collection[str]) -> None:
        self.trees, self.marks = frozenset(trees), frozenset(marks)
        self.parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = _refuse
        self.parser.EntityDeclHandler = _refuse
        self.parser.ExternalEntityRefHandler = _refuse
        self.stack: list[Node] = []
        self.ready: list[Node | Ended] = []
        self.depth = self.nodes = 0
        self.namespace = ""

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        space, _blank, local = name.rpartition(" ")
        self.namespace = self.namespace or space
        if self.depth > MAX_DEPTH:
            raise Refused("bank_file_damaged", line=self.parser.CurrentLineNumber)
        if not self.stack and local not in self.trees:
            if local in self.marks:
                self.ready.append(Node(local, attributes, self.parser.CurrentLineNumber))
            return
        self.nodes += 1
        if self.nodes > MAX_NODES:
            raise Refused("bank_file_entry_too_large", line=self.parser.CurrentLineNumber)
        node = Node(local, attributes, self.parser.CurrentLineNumber)
        if self.stack:
            self.stack[-1].children.append(node)
        self.stack.append(node)

    def _end(self, name: str) -> None:
        self.depth -= 1
        if self.stack:
            node = self.stack.pop()
            if not self.stack:
                self.nodes = 0
                self.ready.append(node)
        elif (local := name.rpartition(" ")[2]) in self.marks:
            self.ready.append(Ended(local))

    def _text(self, text: str) -> None:
        if self.stack:
            node = self.stack[-1]
            if len(node.text) < MAX_TEXT_CHARS:
                node.text += text[:MAX_TEXT_CHARS]


def nodes(data: bytes, encoding: str, trees: Collection[str], marks: Collection[str]) -> Iterator[Node | Ended | str]:
    """Yields the root's namespace (a str), then trees as they end, and marks as they begin (Node) and end (Ended).

    Raises Refused for XML that is damaged, carries a DTD, or nests too deep.
    """
    builder = _TreeBuilder(trees, marks)
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    namespace_given = False
    for start in range(0, len(data) + 1, _CHUNK):
        final = start + _CHUNK > len(data)
        text = decoder.decode(data[start : start + _CHUNK], final)
        try:
            builder.parser.Parse(text.removeprefix("\ufeff").encode("utf-8", "replace"), final)
        except expat.ExpatError as error:
            yield from builder.ready
            raise Refused("bank_file_damaged", line=error.lineno) from error
        if not namespace_given and builder.namespace:
            namespace_given = True
            yield builder.namespace
        yield from builder.ready
        builder.ready.clear()


def _refuse(*_anything: object) -> NoReturn:
    raise Refused("bank_file_has_dtd")
