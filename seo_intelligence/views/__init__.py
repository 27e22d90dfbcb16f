"""Views of seo_intelligence, one module per resource."""
