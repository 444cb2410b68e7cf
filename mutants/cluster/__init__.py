"""Where code runs and where bytes lie: errors, recipes' base types, storage, ledger, engines, pool."""
