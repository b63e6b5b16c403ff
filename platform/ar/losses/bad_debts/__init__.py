"""Bad debts: proposal with evidence, write-off by approval, pursuit and recovery."""
