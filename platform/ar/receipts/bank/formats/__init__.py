"""Parsers of bank statements, one module per format: bytes in, a stream of events out."""
