"""OpenAPI: tags, operation ids, problem answers and the permission of each operation, from the views themselves."""

from __future__ import annotations

from typing import Any, Literal

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiResponse

from plugzero_api.kernel.api.permissions import PUBLIC, SIGNED_IN, permission_for
from plugzero_api.kernel.api.serializers import ProblemSerializer
from plugzero_api.kernel.tenancy import every_team

_VERBS = {
    "list": "list",
    "create": "create",
    "retrieve": "get",
    "update": "replace",
    "partial_update": "update",
    "destroy": "delete",
}


class PlatformSchema(AutoSchema):
    """Every operation gets a tag (first path segment), an explicit id and the problem answer."""

    def get_tags(self) -> list[str]:
        return [self.path.removeprefix("/api/v1/").split("/")[0] or "api"]

    def get_operation_id(self) -> str:
        segments = [
            part.replace("-", "_")
            for part in self.path.removeprefix("/api/v1/").strip("/").split("/")
            if part and not part.startswith("{")
        ]
        action = getattr(self.view, "action", None)
        verb = (
            _VERBS.get(str(action))
            or {"GET": "get", "POST": "create", "PUT": "replace", "PATCH": "update", "DELETE": "delete"}[
                self.method
            ]
        )
        return "_".join([*segments, verb])

    def get_description(self) -> str:  # type: ignore[override]  # the library calls it without arguments
        text = super().get_description() or ""
        needed = permission_for(self.view, self.method)
        note = {
            PUBLIC: "Public.",
            SIGNED_IN: "Needs a signed-in user.",
        }.get(needed or "", f"Needs the permission `{needed}`.")
        return f"{text}\n\n{note}".strip()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        needed = permission_for(self.view, self.method)
        # 401 stands for public operations too: a bad Authorization header is refused wherever it is sent.
        expected = ["400", "401", "404", "429"]
        if needed != PUBLIC:
            expected += ["403"]
        if self.method in {"POST", "PUT", "PATCH", "DELETE"}:
            expected += ["409", "413", "415"]
        for status in sorted(expected):
            if status not in bodies:
                bodies[status] = self._get_response_for_code(  # type: ignore[no-untyped-call]
                    OpenApiResponse(ProblemSerializer), status, media_types=["application/problem+json"]
                )
        return dict(sorted(bodies.items()))

    def get_auth(self) -> list[dict[str, list[str]]]:
        if permission_for(self.view, self.method) == PUBLIC:
            return []
        return [{"jwt": []}, {"apiKey": []}]


class PlatformSchemaGenerator(SchemaGenerator):
    """The document is about columns, not rows: it is written without any team's scope."""

    def get_schema(self, *args: Any, **kwargs: Any) -> Any:
        with every_team("OpenAPI document"):
            return super().get_schema(*args, **kwargs)  # type: ignore[no-untyped-call]


def close_response_objects(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Post-processing: declares the two ways to sign in and closes every response object to undeclared fields."""
    components = result.setdefault("components", {})
    components["securitySchemes"] = {
        "jwt": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "apiKey": {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Authorization: Api-Key <key>`",
        },
    }
    for name, schema in components.get("schemas", {}).items():
        if name == "Problem":
            # RFC 9457 lets a problem carry members of its own kind (the missing right, the limit reached).
            schema["additionalProperties"] = True
        elif (
            schema.get("type") == "object"
            and schema.get("properties")
            and "additionalProperties" not in schema
        ):
            schema["additionalProperties"] = False
    return result
