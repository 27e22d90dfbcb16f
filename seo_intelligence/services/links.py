"""The internal links of an audit, read from its Parquet object."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.core.files.storage import default_storage

from seo_intelligence.models import AuditedPage, SiteAudit

MAX_NODES = 500


def _table(audit: SiteAudit, columns: list[str], **equals: str) -> Any:
    # Loaded on use: a worker that never reads links need not carry Arrow.
    import pyarrow as pa
    import pyarrow.parquet as pq

    if not audit.links_storage_name:
        return pa.table({name: pa.array([], type=pa.string()) for name in columns})
    with default_storage.open(audit.links_storage_name, "rb") as stream:
        filters = [(name, "=", value) for name, value in equals.items()] or None
        return pq.read_table(stream, columns=columns, filters=filters)


def links_of_page(
    audit: SiteAudit, *, url: str, incoming: bool, offset: int, limit: int
) -> tuple[int, list[dict[str, Any]]]:
    """Links that point to the page (or leave it): how many, and one page of them in order of the other end."""
    own, other = ("target", "source") if incoming else ("source", "target")
    table = _table(audit, ["source", "target", "anchor", "nofollow", "position"], **{own: url})
    rows = table.sort_by([(other, "ascending"), ("anchor", "ascending")]).slice(offset, limit).to_pylist()
    return table.num_rows, rows


def link_graph(audit: SiteAudit, *, nodes: int) -> dict[str, Any]:
    """The pages with the highest internal PageRank and the links among them, for drawing.

    Links between two pages are one edge with their number as weight.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    pages = list(
        AuditedPage.objects.filter(audit=audit, is_html=True).order_by("-pagerank", "url")[
            : min(nodes, MAX_NODES)
        ]
    )
    urls = [page.url for page in pages]
    table = _table(audit, ["source", "target"])
    chosen = pa.array(urls, type=pa.string())
    inside = pc.and_(pc.is_in(table["source"], value_set=chosen), pc.is_in(table["target"], value_set=chosen))
    kept = table.filter(inside)
    index = {url: number for number, url in enumerate(urls)}
    weights = Counter(
        (index[source], index[target])
        for source, target in zip(kept["source"].to_pylist(), kept["target"].to_pylist(), strict=True)
        if source != target
    )
    return {
        "nodes": [
            {
                "url": page.url,
                "title": page.title,
                "status": page.status,
                "depth": page.depth,
                "template": page.template,
                "pagerank": page.pagerank,
                "inlinks": page.inlinks,
                "errors_count": page.errors_count,
            }
            for page in pages
        ],
        "edges": [{"source": s, "target": t, "weight": n} for (s, t), n in sorted(weights.items())],
        "total_links": table.num_rows,
    }
