"""Physical and semantic types of text columns: inferred from values, applied as guarded SQL casts."""
