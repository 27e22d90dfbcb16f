"""Providers of keyword data, one module each, behind the protocol in `base`."""
