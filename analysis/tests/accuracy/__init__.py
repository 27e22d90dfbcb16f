"""Correct digits of the procedures against certified and published results.

Each module defines `CASES`; `test_accuracy.py` holds every case to its least digits, and `make accuracy` writes
docs/accuracy.md from the same list.
"""
