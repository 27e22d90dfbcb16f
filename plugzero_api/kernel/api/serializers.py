"""Serializer bases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictSerializer(serializers.Serializer[Any]):
    """A request body: fields nobody declared are refused, so that a misspelt option is never ignored."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = [str(name) for name in data if name not in writable]
            if unknown:
                raise serializers.ValidationError(
                    {
                        name: [ErrorDetail("This field is not known here.", code="unknown_field")]
                        for name in unknown
                    }
                )
            # The base class would take 7 for "7"; a client that sends it has made a mistake.
            mistyped = [
                name
                for name in writable
                if isinstance(self.fields[name], serializers.CharField | serializers.UUIDField)
                and isinstance(data.get(name), int | float)
            ]
            if mistyped:
                raise serializers.ValidationError(
                    {name: [ErrorDetail("This must be text.", code="invalid")] for name in mistyped}
                )
        return super().to_internal_value(data)


class ProblemErrorSerializer(serializers.Serializer[Any]):
    pointer = serializers.CharField(help_text="JSON pointer (RFC 6901) to the value at fault.")
    code = serializers.CharField()
    detail = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """RFC 9457 problem details."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField(help_text="Stable; branch on this.")
    detail = serializers.CharField()
    request_id = serializers.CharField()
    errors = ProblemErrorSerializer(many=True)  # type: ignore[assignment]  # the field is called so in RFC 9457
