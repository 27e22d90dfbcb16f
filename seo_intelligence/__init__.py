"""Site audits, keywords, competitors and search trends."""
