"""Shared mechanism of the platform: no module here knows a domain word or imports a micro-app."""
