"""Rows of accounts, one module per concept."""

from accounts.models.activity import ActivityChain, ActivityLog
from accounts.models.api_keys import ApiKey
from accounts.models.factors import Passkey, RecoveryCode, TotpDevice
from accounts.models.invitations import Invitation
from accounts.models.links import EmailLink, LinkPurpose
from accounts.models.mail import OutgoingMail
from accounts.models.sessions import Session
from accounts.models.teams import Role, Team, TeamMembership, UsageCounter
from accounts.models.users import User, UserManager

__all__ = [
    "ActivityChain",
    "ActivityLog",
    "ApiKey",
    "EmailLink",
    "Invitation",
    "LinkPurpose",
    "OutgoingMail",
    "Passkey",
    "RecoveryCode",
    "Role",
    "Session",
    "Team",
    "TeamMembership",
    "TotpDevice",
    "UsageCounter",
    "User",
    "UserManager",
]
