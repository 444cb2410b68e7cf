"""Storage: object stores and folders, the commit ledger, files that are written whole or not at all."""
