"""SQLite by default, PostgreSQL by ``DATABASE_URL``; the same code runs on both."""

from plugzero_api.settings import env
from plugzero_api.settings.core import RUN_DIR

DATABASE_URL = env.text("DATABASE_URL")

if DATABASE_URL:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql",
            **env.database_from_url(DATABASE_URL),
            # A pooled connection is checked before use, so a database restart costs no failed request.
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {
                "pool": {
                    "min_size": env.number("DATABASE_POOL_MIN", 1),
                    "max_size": env.number("DATABASE_POOL_MAX", 8),
                    "timeout": env.number("DATABASE_POOL_TIMEOUT", 5),
                    "max_lifetime": 1800,
                    "reconnect_timeout": 5,
                },
                "connect_timeout": 3,
                "options": f"-c statement_timeout={env.number('DATABASE_STATEMENT_TIMEOUT_MS', 15000)}",
            },
        }
    }
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": RUN_DIR / "plugzero.sqlite3",
            "OPTIONS": {
                "timeout": 20,
                # Take the write lock at BEGIN: a read that later writes would otherwise fail at once when busy.
                "transaction_mode": "IMMEDIATE",
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
                    "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=27103364; PRAGMA cache_size=2000;"
                ),
            },
        }
    }
