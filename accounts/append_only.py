"""Triggers that let the activity log grow and nothing else, on both databases.

They stop whoever has the application's database role; the hash chain shows what somebody with more power did.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

TABLE = "accounts_activitylog"

_INSTALL = {
    "postgresql": (
        """
        CREATE OR REPLACE FUNCTION accounts_activitylog_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'The activity log is append-only.' USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """,
        f"""
        CREATE TRIGGER accounts_activitylog_no_change BEFORE UPDATE OR DELETE ON {TABLE}
        FOR EACH ROW EXECUTE FUNCTION accounts_activitylog_refuse()
        """,
        f"""
        CREATE TRIGGER accounts_activitylog_no_truncate BEFORE TRUNCATE ON {TABLE}
        FOR EACH STATEMENT EXECUTE FUNCTION accounts_activitylog_refuse()
        """,
    ),
    "sqlite": (
        f"""
        CREATE TRIGGER accounts_activitylog_no_update BEFORE UPDATE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'The activity log is append-only.'); END
        """,
        f"""
        CREATE TRIGGER accounts_activitylog_no_delete BEFORE DELETE ON {TABLE}
        BEGIN SELECT RAISE(ABORT, 'The activity log is append-only.'); END
        """,
    ),
}
_REMOVE = {
    "postgresql": (
        f"DROP TRIGGER IF EXISTS accounts_activitylog_no_change ON {TABLE}",
        f"DROP TRIGGER IF EXISTS accounts_activitylog_no_truncate ON {TABLE}",
        "DROP FUNCTION IF EXISTS accounts_activitylog_refuse()",
    ),
    "sqlite": (
        "DROP TRIGGER IF EXISTS accounts_activitylog_no_update",
        "DROP TRIGGER IF EXISTS accounts_activitylog_no_delete",
    ),
}


def install(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, _INSTALL)


def remove(connection: BaseDatabaseWrapper) -> None:
    _execute(connection, _REMOVE)


def _execute(connection: BaseDatabaseWrapper, statements: dict[str, tuple[str, ...]]) -> None:
    with connection.cursor() as cursor:
        for statement in statements[connection.vendor]:
            cursor.execute(statement)
