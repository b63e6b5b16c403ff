"""The pure decisions of losses: provision rates and migration, expected cash."""
