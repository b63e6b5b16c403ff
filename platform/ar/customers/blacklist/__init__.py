"""The blacklist (R079): proposed, approved, listed, and taken off again by approval."""
