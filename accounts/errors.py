"""Expected failures of accounts."""

from __future__ import annotations

from plugzero_api.kernel.errors import Conflict, DomainError, InvalidInput, NotFound, PermissionDenied


class InvalidCredentials(DomainError):
    """One answer for a wrong password, an unknown address, an unconfirmed and a deactivated account."""

    code = "invalid_credentials"
    status = 401
    title = "Signing in did not work"


class InvalidRefreshToken(DomainError):
    code = "invalid_refresh_token"
    status = 401
    title = "The session has ended"


class InvalidChallenge(DomainError):
    code = "invalid_challenge"
    status = 401
    title = "The sign-in took too long or was already completed"


class InvalidCode(DomainError):
    code = "invalid_code"
    status = 401
    title = "The code is not valid"


class InvalidLink(InvalidInput):
    code = "invalid_link"
    title = "The link is not valid any more"


class ReauthenticationRequired(DomainError):
    code = "reauthentication_required"
    status = 403
    title = "Confirm that it is you"


class TwoFactorRequired(DomainError):
    code = "two_factor_required"
    status = 403
    title = "This team requires a second factor"


class MembershipSuspended(PermissionDenied):
    code = "membership_suspended"
    title = "Your membership in this team is suspended"


class TeamNotFound(NotFound):
    code = "team_not_found"
    title = "There is no such team"


class MemberNotFound(NotFound):
    code = "member_not_found"
    title = "There is no such member"


class InvitationNotFound(NotFound):
    code = "invitation_not_found"
    title = "There is no such invitation"


class InvitationNotUsable(Conflict):
    code = "invitation_not_usable"
    title = "The invitation cannot be used any more"


class InvitationExists(Conflict):
    code = "invitation_exists"
    title = "There is an open invitation for this address"


class AlreadyMember(Conflict):
    code = "already_member"
    title = "This person is already in the team"


class LastOwner(Conflict):
    code = "last_owner"
    title = "A team needs at least one owner"


class PersonalTeamFixed(Conflict):
    code = "personal_team_fixed"
    title = "A personal team stays with its person"


class RoleTooHigh(PermissionDenied):
    code = "role_too_high"
    title = "You cannot give or change a role above your own"


class TeamsStillOwned(Conflict):
    code = "teams_still_owned"
    title = "Hand over or delete your teams first"


class SessionNotFound(NotFound):
    code = "session_not_found"
    title = "There is no such session"


class ApiKeyNotFound(NotFound):
    code = "api_key_not_found"
    title = "There is no such API key"


class PasskeyNotFound(NotFound):
    code = "passkey_not_found"
    title = "There is no such passkey"


class PasskeyRefused(InvalidInput):
    code = "passkey_refused"
    title = "The passkey could not be used"


class TwoFactorAlreadyOn(Conflict):
    code = "two_factor_already_on"
    title = "An authenticator app is already set up"


class TwoFactorNotSetUp(Conflict):
    code = "two_factor_not_set_up"
    title = "There is no second factor to use"


class PlanLimitReached(DomainError):
    code = "plan_limit_reached"
    status = 403
    title = "The team's plan does not allow more"
