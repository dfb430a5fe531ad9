"""Pages of the console on clusters (groups of articles that are copies), and on the log of who
did what."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.page_rendering import list_page
from worker.web.system_api import (
    AuditListing,
    ClusterListing,
    list_audit_entries,
    list_clusters,
)


def clusters(request: Request) -> Response:
    """Show the clusters (an article and its copies each) of the last hours, those with the most
    sources first."""
    return list_page(
        request, "clusters.html", "Clusters", list_clusters, ClusterListing, "/api/clusters"
    )


def audit(request: Request) -> Response:
    """Show who did what, the latest first."""
    return list_page(
        request, "audit.html", "Audit log", list_audit_entries, AuditListing, "/api/audit"
    )


ROUTES = (Route("/clusters", clusters), Route("/audit", audit))
