"""Parsers of binary formats. They run in a child process and write staging Parquet files and a manifest."""
