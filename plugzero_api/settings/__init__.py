"""Settings by concern. Nothing outside ``env`` reads the environment; nothing here has an unsafe default."""

from plugzero_api.settings.api import *  # noqa: F403
from plugzero_api.settings.core import *  # noqa: F403
from plugzero_api.settings.database import *  # noqa: F403
from plugzero_api.settings.observability import *  # noqa: F403
from plugzero_api.settings.plans import *  # noqa: F403
from plugzero_api.settings.security import *  # noqa: F403
from plugzero_api.settings.storage import *  # noqa: F403
from plugzero_api.settings.tasks import *  # noqa: F403
from plugzero_api.settings.throttles import *  # noqa: F403
