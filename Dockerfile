# The worker in a container. `build` installs exactly what uv.lock says; only the result is kept.
FROM python:3.13-slim-trixie AS build

ENV UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PROJECT_ENVIRONMENT=/opt/worker \
    UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9

WORKDIR /src
# Dependencies first: these layers are built again only when the lock changes. The extra is for `worker web`.
COPY pyproject.toml uv.lock ./
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --extra web --no-install-project
COPY README.md LICENSE NOTICE ./
COPY config config
COPY docs/runbook.md docs/runbook.md
COPY worker worker
RUN --mount=type=cache,target=/root/.cache/uv uv sync --frozen --extra web --no-editable
# numpy's own tests alone are 17 MB.
RUN find /opt/worker/lib -type d -name tests -prune -exec rm -rf {} +


FROM python:3.13-slim-trixie

# A number, not a name: Kubernetes can only tell from a number that it is not root.
RUN useradd --uid 10001 --create-home --home-dir /home/worker --shell /usr/sbin/nologin worker
COPY --from=build /opt/worker /opt/worker

ENV PATH=/opt/worker/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    WORKER_VAR_DIR=/home/worker/var
USER 10001:10001
WORKDIR /home/worker

# auto: one process for each core that the container may use.
CMD ["celery", "--app=worker", "worker", "--concurrency=auto", "--without-gossip", "--without-mingle"]
