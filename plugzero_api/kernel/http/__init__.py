"""The one way to the network for user-supplied URLs: guard, fetch, and the guarded browser.

from plugzero_api.kernel.http import fetch, fetch_to_file, post_json
"""

from plugzero_api.kernel.http.fetch import FetchResult, fetch, fetch_to_file, post_json
from plugzero_api.kernel.http.guard import Guard, default_guard

__all__ = ["FetchResult", "Guard", "default_guard", "fetch", "fetch_to_file", "post_json"]
