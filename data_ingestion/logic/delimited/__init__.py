"""Delimited text without questions: encoding, dialect, structure and repair are found, not asked for."""
