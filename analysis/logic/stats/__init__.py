"""Numerical kernels on arrays and mergeable sufficient statistics."""
