"""Key figures of a month: overdue share, collection rate, DSO, CEI."""
