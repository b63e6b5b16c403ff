"""The review queue: proposed letters and tasks, released, skipped or completed by a person."""
