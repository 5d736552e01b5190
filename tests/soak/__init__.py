"""Restarts under load: whatever ends in between, every number of the ledger is in the answers."""
