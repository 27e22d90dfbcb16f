"""The door of accounts: what other micro-apps may call."""

from accounts.services.access import describe_principal, find_access
from accounts.services.activity import record_activity
from accounts.services.limits import add_usage, check_plan_limit
from accounts.services.registration import create_user_with_team

__all__ = [
    "add_usage",
    "check_plan_limit",
    "create_user_with_team",
    "describe_principal",
    "find_access",
    "record_activity",
]
