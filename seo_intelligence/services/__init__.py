"""THE DOOR of seo_intelligence: what other micro-apps may call.

Ids, scalars and contracts cross it; rows and querysets never do. All functions work inside the caller's team
scope.
"""

from seo_intelligence.contracts import AuditRef, FixRef, StartedAudit
from seo_intelligence.services.audits import find_latest_audit, get_site_audit, list_fixes, start_site_audit

__all__ = [
    "AuditRef",
    "FixRef",
    "StartedAudit",
    "find_latest_audit",
    "get_site_audit",
    "list_fixes",
    "start_site_audit",
]
