"""Addresses the kernel answers under /api/v1/."""

from django.urls import path

from plugzero_api.kernel.api.meta import MetaView
from plugzero_api.kernel.tasks.views import TaskRunViewSet

urlpatterns = [
    path("meta/", MetaView.as_view(), name="meta"),
    path("tasks/", TaskRunViewSet.as_view({"get": "list"}), name="task-list"),
    path("tasks/<uuid:pk>/", TaskRunViewSet.as_view({"get": "retrieve"}), name="task-detail"),
    path("tasks/<uuid:pk>/cancel/", TaskRunViewSet.as_view({"post": "cancel"}), name="task-cancel"),
    path("tasks/<uuid:pk>/events/", TaskRunViewSet.as_view({"get": "events"}), name="task-events"),
]
