from seo_intelligence.adapters import providers
from seo_intelligence.adapters.base import Capability


def test_every_shipped_provider_is_found_by_name():
    assert set(providers()) == {
        "bing_webmaster",
        "dataforseo",
        "google_trends",
        "search_console",
        "wikimedia",
    }


def test_each_capability_is_covered_and_one_provider_needs_no_key():
    covered = {capability for provider in providers().values() for capability in provider.capabilities}
    assert covered == set(Capability)
    assert [name for name, provider in providers().items() if not provider.credential_fields] == ["wikimedia"]
