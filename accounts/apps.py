"""What the accounts app declares about itself."""

from datetime import timedelta

from plugzero_api.kernel.plugins import (
    ADMINS,
    EVERYONE,
    OWNERS,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
    Schedule,
)


class AccountsConfig(MicroAppConfig):
    name = "accounts"
    manifest = Manifest(
        slug="accounts",
        title="Accounts",
        description="Users, teams, roles, sessions, second factors, API keys and the activity log.",
        url_prefixes=("auth", "me", "teams"),
        foundation=True,
        permissions=(
            Permission("team.view", "See the team, its members and its plan", EVERYONE),
            Permission("team.manage", "Change the team's name and rules", ADMINS),
            Permission("team.delete", "Delete the team", OWNERS),
            Permission("team.transfer", "Hand the team over to another owner", OWNERS),
            Permission("members.manage", "Invite, change and remove members", ADMINS),
            Permission("api_keys.manage", "Make and revoke API keys", ADMINS),
            Permission("activity.view", "Read and export the activity log", ADMINS),
        ),
        tasks=("accounts.send_mail", "accounts.purge_expired"),
        schedules=(Schedule("accounts.purge_expired", "accounts.purge_expired", every=timedelta(hours=6)),),
        navigation=(
            NavigationItem("team", "Team", "/team", "users", "team.view", section="settings", order=200),
            NavigationItem(
                "activity",
                "Activity",
                "/team/activity",
                "history",
                "activity.view",
                section="settings",
                order=210,
            ),
        ),
    )
