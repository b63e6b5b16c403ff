"""One customer's page: balances, documents, holds, timeline."""
