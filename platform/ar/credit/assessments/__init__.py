"""Credit assessments (Annex 1): twelve scores, a grade, four sign-offs."""
