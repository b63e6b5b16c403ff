"""Companies, people, roles and permissions, settings: who may do what for whom. Knows no receivable."""
