"""Planted-defect corpus: clean sites, one or more defects per check, and precision and recall from them."""
