"""Site audits, competitors, keywords and search trends."""

from datetime import timedelta

from plugzero_api.kernel.plugins import (
    ADMINS,
    CONTRIBUTORS,
    EVERYONE,
    Manifest,
    MicroAppConfig,
    NavigationItem,
    Permission,
    Schedule,
)


class SeoIntelligenceConfig(MicroAppConfig):
    name = "seo_intelligence"
    manifest = Manifest(
        slug="seo_intelligence",
        title="SEO intelligence",
        description="Site audits that can be checked, a score that can be explained, keywords with provenance.",
        url_prefixes=("seo",),
        requires=("accounts", "data_ingestion"),
        optional=("analysis",),
        permissions=(
            Permission("seo.view", "See audits, competitors, keywords and trends", EVERYONE),
            Permission("seo.audit", "Start, cancel and schedule site audits", CONTRIBUTORS),
            Permission("seo.export", "Export audits", CONTRIBUTORS),
            Permission("seo.manage", "Change keywords, competitors, check settings and alerts", CONTRIBUTORS),
            Permission("seo.connect", "Connect providers of keyword data", ADMINS),
            Permission("seo.delete", "Delete audits", CONTRIBUTORS),
        ),
        tasks=(
            "seo_intelligence.run_audit",
            "seo_intelligence.fetch_keyword_series",
            "seo_intelligence.start_due_audits",
            "seo_intelligence.deliver_alert",
            "seo_intelligence.remove_crawl_folders",
        ),
        schedules=(
            Schedule(
                "seo_intelligence.start_due_audits",
                "seo_intelligence.start_due_audits",
                every=timedelta(minutes=5),
            ),
            Schedule(
                "seo_intelligence.remove_crawl_folders",
                "seo_intelligence.remove_crawl_folders",
                every=timedelta(hours=6),
            ),
        ),
        navigation=(NavigationItem("seo", "SEO", "/seo", "search-check", "seo.view", order=50),),
    )
