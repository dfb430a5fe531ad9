"""Pages of the console on clusters (groups of articles that are copies), and on the log of who
did what."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.api_operations import call_operation, query_of
from worker.web.page_rendering import page
from worker.web.shown_text import page_link
from worker.web.system_api import (
    AuditListing,
    ClusterListing,
    list_audit_entries,
    list_clusters,
)


def clusters(request: Request) -> Response:
    """Show the clusters (an article and its copies each) of the last hours, those with the most
    sources first."""
    parameters = query_of(request)
    return page(
        request,
        "clusters.html",
        "Clusters",
        list=call_operation(request, list_clusters, ClusterListing, parameters),
        parameters=parameters,
        json_path=page_link("/api/clusters", parameters),
    )


def audit(request: Request) -> Response:
    """Show who did what, the latest first."""
    parameters = query_of(request)
    return page(
        request,
        "audit.html",
        "Audit log",
        list=call_operation(request, list_audit_entries, AuditListing, parameters),
        parameters=parameters,
        json_path=page_link("/api/audit", parameters),
    )


ROUTES = (Route("/clusters", clusters), Route("/audit", audit))
