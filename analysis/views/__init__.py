"""HTTP views of analysis: the catalogue of procedures, runs, results."""
