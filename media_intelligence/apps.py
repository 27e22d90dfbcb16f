"""Social listening, sentiment, virality and alerts. Declared; its endpoints follow."""

from plugzero_api.kernel.plugins import Manifest, MicroAppConfig


class MediaIntelligenceConfig(MicroAppConfig):
    name = "media_intelligence"
    manifest = Manifest(
        slug="media_intelligence",
        title="Media intelligence",
        description="Social listening, sentiment, virality and alerts.",
        requires=("accounts", "data_ingestion"),
    )
