"""The list of receivables and one document's page: allocations, notes, reversal, doubtful debts."""
