"""Users, teams, roles, sessions, second factors, API keys and the activity log."""
