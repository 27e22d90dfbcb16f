"""One module per group of checks; see `registry` for the contract."""
