"""Pages of the console on clusters and on the audit log."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from worker.web.api_operations import query_of, read_arguments
from worker.web.caller import caller_of
from worker.web.console_context import console_of
from worker.web.page_rendering import link, page
from worker.web.system_api import (
    AuditListing,
    ClusterListing,
    list_audit_entries,
    list_clusters,
)


def clusters(request: Request) -> Response:
    """Show the clusters of the last hours, those with the most sources first."""
    parameters = query_of(request)
    wanted = read_arguments(ClusterListing, parameters)
    return page(
        request,
        "clusters.html",
        "Clusters",
        list=list_clusters(console_of(request), caller_of(request), wanted),
        parameters=parameters,
        json_path=link("/api/clusters", parameters),
    )


def audit(request: Request) -> Response:
    """Show who did what, the latest first."""
    parameters = query_of(request)
    wanted = read_arguments(AuditListing, parameters)
    return page(
        request,
        "audit.html",
        "Audit log",
        list=list_audit_entries(console_of(request), caller_of(request), wanted),
        parameters=parameters,
        json_path=link("/api/audit", parameters),
    )


ROUTES = (Route("/clusters", clusters), Route("/audit", audit))
