"""Pure rules of the ledger: due dates, aging, stages, currency conversion, shares of amounts, key figures."""
