"""Addresses of accounts under /api/v1/."""

from django.urls import URLPattern, path

from accounts.views import me, sign_in, teams

urlpatterns: list[URLPattern] = [
    path("auth/register/", sign_in.RegisterView.as_view(), name="auth-register"),
    path("auth/login/", sign_in.LoginView.as_view(), name="auth-login"),
    path("auth/refresh/", sign_in.RefreshView.as_view(), name="auth-refresh"),
    path("auth/logout/", sign_in.LogoutView.as_view(), name="auth-logout"),
    path("me/", me.MeView.as_view(), name="me"),
    path("teams/", teams.TeamListViewSet.as_view({"get": "list", "post": "create"}), name="team-list"),
]
