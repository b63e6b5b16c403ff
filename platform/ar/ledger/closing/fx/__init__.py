"""Exchange rates and the revaluation of receivables in foreign currencies."""
