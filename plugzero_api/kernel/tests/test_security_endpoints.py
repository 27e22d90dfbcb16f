"""The inherited endpoint suite over every installed micro-app: docs/security.md, points 1-6, 11, 12, 14, 51, 53."""

from plugzero_api.kernel.testing.suite import *  # noqa: F403
from plugzero_api.kernel.testing.suite import _quick  # noqa: F401
