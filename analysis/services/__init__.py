"""THE DOOR of analysis: run procedures on Datasets and read their results."""

from analysis.services.runs import start_run

__all__ = ["start_run"]
