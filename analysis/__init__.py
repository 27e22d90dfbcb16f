"""Procedures, runs and results of the analysis micro-app."""
