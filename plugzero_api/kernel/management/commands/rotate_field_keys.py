"""``manage.py rotate_field_keys``: re-encrypt every encrypted column under the first key of PLUGZERO_FIELD_KEYS."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import connection, transaction

from plugzero_api.kernel.fields import EncryptedTextField, rotate


class Command(BaseCommand):
    help = "Re-encrypt all encrypted columns under the newest key."

    def handle(self, *args: Any, **options: Any) -> None:
        rotated = 0
        for model in apps.get_models():
            for field in model._meta.concrete_fields:
                if isinstance(field, EncryptedTextField) and model._meta.pk is not None:
                    rotated += self._rotate_column(
                        model._meta.db_table, str(model._meta.pk.column), str(field.column)
                    )
        self.stdout.write(f"{rotated} values are now under the newest key.")

    def _rotate_column(self, table: str, key: str, column: str) -> int:
        quote = connection.ops.quote_name
        table, key, column = quote(table), quote(key), quote(column)
        with transaction.atomic(), connection.cursor() as cursor:
            # Table and column names are those of our own models.
            cursor.execute(f"SELECT {key}, {column} FROM {table} WHERE {column} <> ''")  # nosec B608
            rows = cursor.fetchall()
            for row_key, token in rows:
                cursor.execute(
                    f"UPDATE {table} SET {column} = %s WHERE {key} = %s",  # nosec B608
                    [rotate(token), row_key],
                )
        return len(rows)
