"""Filters of accounts' lists."""

from __future__ import annotations

import django_filters

from accounts.models import ActivityLog


class ActivityFilter(django_filters.FilterSet):
    action = django_filters.CharFilter()
    actor_id = django_filters.UUIDFilter()
    object_type = django_filters.CharFilter()
    object_id = django_filters.CharFilter()
    since = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="gte")
    until = django_filters.IsoDateTimeFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = ActivityLog
        fields: list[str] = []
