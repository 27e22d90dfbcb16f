"""Addresses of analysis under /api/v1/."""

from django.urls import URLPattern, path

from analysis.views.procedures import ProcedureDetailView, ProcedureListView, SuggestView
from analysis.views.results import CompareView, ResultViewSet, RunView

urlpatterns: list[URLPattern] = [
    path("analysis/procedures/", ProcedureListView.as_view(), name="analysis-procedure-list"),
    path("analysis/procedures/<slug:key>/", ProcedureDetailView.as_view(), name="analysis-procedure-detail"),
    path("analysis/suggest/", SuggestView.as_view(), name="analysis-suggest"),
    path("analysis/run/", RunView.as_view(), name="analysis-run"),
    path("analysis/compare/", CompareView.as_view(), name="analysis-compare"),
    path("analysis/results/", ResultViewSet.as_view({"get": "list"}), name="analysis-result-list"),
    path(
        "analysis/results/<uuid:pk>/",
        ResultViewSet.as_view({"get": "retrieve", "delete": "destroy"}),
        name="analysis-result-detail",
    ),
    path(
        "analysis/results/<uuid:pk>/rows/",
        ResultViewSet.as_view({"get": "rows"}),
        name="analysis-result-rows",
    ),
    path(
        "analysis/results/<uuid:pk>/export/",
        ResultViewSet.as_view({"get": "export"}),
        name="analysis-result-export",
    ),
    path(
        "analysis/results/<uuid:pk>/script/",
        ResultViewSet.as_view({"get": "script"}),
        name="analysis-result-script",
    ),
]
