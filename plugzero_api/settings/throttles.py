"""How often: (uses, seconds) per scope. Each can be set by the environment, e.g. ``THROTTLE_LOGIN_IP=60/300``."""

from django.core.exceptions import ImproperlyConfigured

from plugzero_api.settings import env


def _rate(scope: str, default: str) -> tuple[int, int]:
    name = f"THROTTLE_{scope.upper()}"
    uses, slash, seconds = env.text(name, default).partition("/")
    if not (slash and uses.isdigit() and seconds.isdigit() and int(uses) and int(seconds)):
        raise ImproperlyConfigured(f"{name} must read <uses>/<seconds>, such as {default}.")
    return int(uses), int(seconds)


# Several tiers of one scope make the back-off: quick tries end soon, persistent ones wait longer.
PLUGZERO_THROTTLES = {
    "login_ip": (_rate("login_ip", "60/300"),),
    "login_account_ip": (
        _rate("login_account_ip", "5/60"),
        _rate("login_account_ip_long", "15/1800"),
        _rate("login_account_ip_day", "60/86400"),
    ),
    "login_account": (_rate("login_account", "30/300"), _rate("login_account_day", "500/86400")),
    "second_factor": (_rate("second_factor", "5/300"), _rate("second_factor_day", "40/86400")),
    "reauthenticate": (_rate("reauthenticate", "5/60"), _rate("reauthenticate_day", "60/86400")),
    "register_ip": (_rate("register_ip", "20/3600"),),
    "mail_ip": (_rate("mail_ip", "20/3600"),),
    "mail_address": (_rate("mail_address", "3/900"), _rate("mail_address_day", "10/86400")),
    "link_ip": (_rate("link_ip", "60/600"),),
    "refresh_ip": (_rate("refresh_ip", "600/300"),),
    "invite_team": (_rate("invite_team", "50/3600"), _rate("invite_team_day", "200/86400")),
    "export_user": (_rate("export_user", "10/3600"),),
    "team_create_user": (_rate("team_create_user", "20/3600"),),
    "admin_login": (_rate("admin_login", "10/300"),),
}
# The public forms whose work depends on whether an address is known all answer after this many seconds.
PLUGZERO_EVEN_ANSWER_SECONDS = env.number("PLUGZERO_EVEN_ANSWER_MS", 600) / 1000
# With it on, an account can be used only once its address is confirmed: then sign-up tells nobody anything.
PLUGZERO_REQUIRE_VERIFIED_EMAIL = env.flag(
    "PLUGZERO_REQUIRE_VERIFIED_EMAIL", env.text("PLUGZERO_ENVIRONMENT") == "production"
)
