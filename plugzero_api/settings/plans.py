"""What a team may use unless its own ``limits`` say otherwise; "unlimited" switches a limit off."""

from django.core.exceptions import ImproperlyConfigured

from plugzero_api.settings import env


def _limit(name: str, default: str) -> int | None:
    raw = env.text(name, default)
    if raw == "unlimited":
        return None
    if not raw.isdigit():
        raise ImproperlyConfigured(f"{name} must be a whole number or 'unlimited'; it is {raw!r}.")
    return int(raw)


PLUGZERO_PLAN_LIMITS = {
    "members": _limit("PLAN_MEMBERS", "unlimited"),
    "projects": _limit("PLAN_PROJECTS", "unlimited"),
    "storage_bytes": _limit("PLAN_STORAGE_BYTES", str(50 * 1024**3)),
    "ai_calls": _limit("PLAN_AI_CALLS_PER_MONTH", "5000"),
    "crawled_pages": _limit("PLAN_CRAWLED_PAGES_PER_MONTH", "200000"),
}
