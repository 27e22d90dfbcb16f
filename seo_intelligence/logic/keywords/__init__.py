"""Keywords: what a searcher wants and what it is worth."""
