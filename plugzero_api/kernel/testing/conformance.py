"""Whether an answer is what the OpenAPI document says: declared status, declared fields, nothing more."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import jsonschema
from drf_spectacular.generators import SchemaGenerator

from plugzero_api.kernel.api.operations import Operation

_PARAMETER = re.compile(r"<(?:[^:>]+:)?([^>]+)>")
# The document may call a path parameter by another name than the route does ("id" for "pk").
_UNNAMED = re.compile(r"\{[^}]*\}")


@cache
def api_document() -> dict[str, Any]:
    document: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return document


def _documented(operation: Operation) -> dict[str, Any]:
    path = "/" + _PARAMETER.sub(r"{\1}", operation.route)
    item = {_UNNAMED.sub("{}", key): value for key, value in api_document()["paths"].items()}.get(
        _UNNAMED.sub("{}", path)
    )
    assert item is not None, f"{path} is missing in the OpenAPI document."
    documented: dict[str, Any] = item[operation.method]
    return documented


def assert_conforms(operation: Operation, response: Any) -> None:
    """The status is documented and a JSON body fits its schema (response objects are closed)."""
    documented = _documented(operation)["responses"]
    status = str(response.status_code)
    assert status in documented, f"{operation.id} answers {status}, which its document does not mention."
    content = documented[status].get("content", {})
    kind = response.get("Content-Type", "").split(";")[0]
    if not response.content or kind not in {"application/json", "application/problem+json"}:
        return
    assert kind in content, f"{operation.id} answers {status} as {kind}; documented: {sorted(content)}."
    schema = {**content[kind].get("schema", {}), "components": api_document().get("components", {})}
    errors = sorted(jsonschema.Draft202012Validator(schema).iter_errors(response.json()), key=str)
    shown = "; ".join(f"{'/'.join(map(str, e.absolute_path))}: {e.message[:200]}" for e in errors[:3])
    assert not errors, f"{operation.id} {status}: {shown}"
