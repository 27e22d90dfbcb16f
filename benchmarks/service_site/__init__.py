"""The bare counterparts the service benchmark measures against."""
