"""Tasks of accounts."""
