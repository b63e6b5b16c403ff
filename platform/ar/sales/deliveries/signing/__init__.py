"""Signatures on delivery notes: by scan, photo, strokes on glass or a carrier's proof; countered, never changed."""
