"""Computational mathematics on Datasets: procedures, runs, stored results."""

from plugzero_api.kernel.plugins import (
    CONTRIBUTORS,
    EVERYONE,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
)


class AnalysisConfig(MicroAppConfig):
    name = "analysis"
    manifest = Manifest(
        slug="analysis",
        title="Analysis",
        description="Statistics and models on every row, with the method stated beside each figure.",
        url_prefixes=("analysis",),
        requires=("accounts", "data_ingestion"),
        permissions=(
            Permission("analysis.view", "See procedures and results", EVERYONE),
            Permission("analysis.run", "Run procedures", CONTRIBUTORS),
            Permission("analysis.export", "Export results and their scripts", CONTRIBUTORS),
            Permission("analysis.delete", "Delete results", CONTRIBUTORS),
        ),
        tasks=("analysis.run_procedure",),
        navigation=(NavigationItem("analysis", "Analysis", "/analysis", "chart", "analysis.view", order=30),),
    )
