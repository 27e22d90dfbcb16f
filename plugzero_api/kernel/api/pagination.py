"""Lists: ``{count, next, previous, results}``."""

from __future__ import annotations

from typing import Any

from django.core.paginator import InvalidPage
from rest_framework import pagination
from rest_framework.request import Request

from plugzero_api.kernel.errors import FieldError, InvalidInput

MAX_PAGE = 100_000


class PageNumberPagination(pagination.PageNumberPagination):
    """``?page=`` and ``?page_size=`` (1-200, 50 unless told); anything else is a 400, never a silent default."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "page_size"

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any] | None:
        page = _positive(request, "page", default=1, maximum=MAX_PAGE)
        size = _positive(request, "page_size", default=self.page_size, maximum=self.max_page_size)
        self.request = request
        paginator = self.django_paginator_class(queryset, size)
        try:
            self.page = paginator.page(page)
        except InvalidPage:
            raise InvalidInput(
                f"There is no page {page}.",
                errors=[FieldError("/page", "invalid_page", f"The last page is {paginator.num_pages}.")],
            ) from None
        return list(self.page)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        """The base class documents whole numbers without their bounds."""
        parameters: list[dict[str, Any]] = super().get_schema_operation_parameters(view)
        for parameter in parameters:
            maximum = MAX_PAGE if parameter["name"] == self.page_query_param else self.max_page_size
            parameter["schema"].update(minimum=1, maximum=maximum)
        return parameters

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The base class writes OpenAPI 3.0's ``nullable``, which 3.1 does not know."""
        documented: dict[str, Any] = super().get_paginated_response_schema(schema)
        for name in ("next", "previous"):
            link = documented["properties"][name]
            link.pop("nullable", None)
            link["type"] = ["string", "null"]
        return documented


def _positive(request: Request, name: str, *, default: int, maximum: int) -> int:
    raw = request.query_params.get(name)
    if raw is None:
        return default
    if raw.isascii() and raw.isdigit() and len(raw) <= 9 and 1 <= int(raw) <= maximum:
        return int(raw)
    message = f"{name} must be a whole number from 1 to {maximum}."
    raise InvalidInput(message, errors=[FieldError(f"/{name}", "invalid", message)])
