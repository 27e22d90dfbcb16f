"""Filtering by explicit FilterSets; a query parameter nobody declared is an error, not silence."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django_filters import FilterSet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from plugzero_api.kernel.errors import FieldError, InvalidInput

MAX_QUERY_VALUES = 50


class ExplicitFilterBackend(DjangoFilterBackend):
    """django-filter with a 400 for invalid values; views without a FilterSet accept no filter."""

    raise_exception = True

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        try:
            return super().filter_queryset(request, queryset, view)
        except ValidationError:
            raise
        except (ValueError, OverflowError):
            raise InvalidInput("A filter has a value of the wrong kind.") from None


def known_parameters(view: Any) -> set[str]:
    """All query parameters ``view`` declares for its present action."""
    known = set(getattr(view, "query_parameters", {}).get(getattr(view, "action", ""), ()))
    lists = getattr(view, "action", None) == "list" or (
        getattr(view, "paginated_actions", None) and (view.action in view.paginated_actions)
    )
    if lists:
        if getattr(view, "paginator", None) is not None:
            known |= {"page", "page_size"}
        filterset: type[FilterSet] | None = getattr(view, "filterset_class", None)
        if filterset is not None:
            known |= set(filterset.base_filters)
    return known


def refuse_unknown_parameters(request: Request, view: Any) -> None:
    """Raise ``InvalidInput`` naming each query parameter the view does not declare."""
    if not request.query_params:
        return
    known = known_parameters(view)
    unknown = [name for name in request.query_params if name not in known]
    if unknown or len(request.query_params) > MAX_QUERY_VALUES:
        raise InvalidInput(
            "A query parameter is not known here.",
            errors=[
                FieldError(
                    f"/{name}", "unknown_parameter", f"Known here: {', '.join(sorted(known)) or 'none'}."
                )
                for name in unknown[:10]
            ],
        )
    for name in request.query_params:
        for value in request.query_params.getlist(name):
            if "\x00" in value:
                raise InvalidInput(
                    "A query value has the NUL character.",
                    errors=[FieldError(f"/{name}", "invalid", "Remove the NUL character.")],
                )
