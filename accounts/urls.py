"""Addresses of accounts under /api/v1/."""

from django.urls import URLPattern, path

from accounts.views import me, own_security, sign_in, teams

_team = "teams/<uuid:team_pk>/"

urlpatterns: list[URLPattern] = [
    path("auth/register/", sign_in.RegisterView.as_view(), name="auth-register"),
    path("auth/login/", sign_in.LoginView.as_view(), name="auth-login"),
    path("auth/login/verify/", sign_in.LoginVerifyView.as_view(), name="auth-login-verify"),
    path(
        "auth/login/passkey-options/",
        sign_in.LoginPasskeyOptionsView.as_view(),
        name="auth-login-passkey-options",
    ),
    path("auth/refresh/", sign_in.RefreshView.as_view(), name="auth-refresh"),
    path("auth/logout/", sign_in.LogoutView.as_view(), name="auth-logout"),
    path("auth/password-reset/", sign_in.PasswordResetView.as_view(), name="auth-password-reset"),
    path(
        "auth/password-reset/confirm/",
        sign_in.PasswordResetConfirmView.as_view(),
        name="auth-password-reset-confirm",
    ),
    path("auth/verify-email/", sign_in.VerifyEmailView.as_view(), name="auth-verify-email"),
    path(
        "auth/email-change/confirm/",
        sign_in.EmailChangeConfirmView.as_view(),
        name="auth-email-change-confirm",
    ),
    path(
        "auth/invitations/preview/", sign_in.InvitationPreviewView.as_view(), name="auth-invitation-preview"
    ),
    path(
        "auth/invitations/accept/", sign_in.InvitationAcceptNewView.as_view(), name="auth-invitation-accept"
    ),
    path("me/", me.MeView.as_view(), name="me"),
    path("me/reauthenticate/", me.ReauthenticateView.as_view(), name="me-reauthenticate"),
    path("me/password/", me.PasswordView.as_view(), name="me-password"),
    path("me/email/", me.EmailView.as_view(), name="me-email"),
    path("me/verification/", me.VerificationView.as_view(), name="me-verification"),
    path("me/export/", me.ExportView.as_view(), name="me-export"),
    path("me/invitations/accept/", me.InvitationAcceptView.as_view(), name="me-invitation-accept"),
    path("me/sessions/", own_security.SessionViewSet.as_view({"get": "list"}), name="me-session-list"),
    path(
        "me/sessions/end-others/",
        own_security.SessionViewSet.as_view({"post": "end_others"}),
        name="me-session-end-others",
    ),
    path(
        "me/sessions/<uuid:pk>/",
        own_security.SessionViewSet.as_view({"delete": "destroy"}),
        name="me-session-detail",
    ),
    path("me/totp/", own_security.TotpView.as_view(), name="me-totp"),
    path("me/totp/confirm/", own_security.TotpConfirmView.as_view(), name="me-totp-confirm"),
    path("me/recovery-codes/", own_security.RecoveryCodesView.as_view(), name="me-recovery-codes"),
    path(
        "me/passkeys/",
        own_security.PasskeyViewSet.as_view({"get": "list", "post": "create"}),
        name="me-passkey-list",
    ),
    path("me/passkeys/options/", own_security.PasskeyOptionsView.as_view(), name="me-passkey-options"),
    path(
        "me/passkeys/<uuid:pk>/",
        own_security.PasskeyViewSet.as_view({"delete": "destroy"}),
        name="me-passkey-detail",
    ),
    path("me/activity/", own_security.OwnActivityViewSet.as_view({"get": "list"}), name="me-activity"),
    path("teams/", teams.TeamListViewSet.as_view({"get": "list", "post": "create"}), name="team-list"),
    path(
        _team,
        teams.TeamViewSet.as_view({"get": "retrieve", "patch": "partial_update", "delete": "destroy"}),
        name="team-detail",
    ),
    path(f"{_team}leave/", teams.TeamViewSet.as_view({"post": "leave"}), name="team-leave"),
    path(f"{_team}transfer/", teams.TeamViewSet.as_view({"post": "transfer"}), name="team-transfer"),
    path(f"{_team}usage/", teams.TeamViewSet.as_view({"get": "usage"}), name="team-usage"),
    path(f"{_team}members/", teams.MemberViewSet.as_view({"get": "list"}), name="team-member-list"),
    path(
        f"{_team}members/<uuid:pk>/",
        teams.MemberViewSet.as_view({"patch": "partial_update", "delete": "destroy"}),
        name="team-member-detail",
    ),
    path(
        f"{_team}invitations/",
        teams.InvitationViewSet.as_view({"get": "list", "post": "create"}),
        name="team-invitation-list",
    ),
    path(
        f"{_team}invitations/<uuid:pk>/",
        teams.InvitationViewSet.as_view({"delete": "destroy"}),
        name="team-invitation-detail",
    ),
    path(
        f"{_team}invitations/<uuid:pk>/resend/",
        teams.InvitationViewSet.as_view({"post": "resend"}),
        name="team-invitation-resend",
    ),
    path(
        f"{_team}api-keys/",
        teams.ApiKeyViewSet.as_view({"get": "list", "post": "create"}),
        name="team-api-key-list",
    ),
    path(
        f"{_team}api-keys/<uuid:pk>/",
        teams.ApiKeyViewSet.as_view({"delete": "destroy"}),
        name="team-api-key-detail",
    ),
    path(f"{_team}activity/", teams.ActivityViewSet.as_view({"get": "list"}), name="team-activity"),
    path(
        f"{_team}activity/export/",
        teams.ActivityViewSet.as_view({"get": "export"}),
        name="team-activity-export",
    ),
]
