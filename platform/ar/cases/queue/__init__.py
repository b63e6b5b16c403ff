"""The review queue: proposed letters and tasks that a person releases, skips or completes, and the forms of holds."""
