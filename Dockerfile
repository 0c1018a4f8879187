# Two stages: the first builds a virtual environment, the second holds only what runs.

FROM python:3.11-slim-bookworm AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
RUN python -m venv /opt/wismo
WORKDIR /build
COPY pyproject.toml constraints.txt README.md ./
COPY core core
COPY bot bot
COPY notifications notifications
COPY templates templates
RUN /opt/wismo/bin/python -m pip install --constraint constraints.txt '.[postgres]'

FROM python:3.11-slim-bookworm
RUN groupadd --gid 10001 wismo \
    && useradd --uid 10001 --gid wismo --create-home --home-dir /var/lib/wismo wismo
COPY --from=build /opt/wismo /opt/wismo
ENV PATH=/opt/wismo/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    WISMO_DATABASE_URL=sqlite:////var/lib/wismo/wismo.db \
    WISMO_HOST=0.0.0.0 \
    WISMO_PORT=8000
USER wismo
WORKDIR /var/lib/wismo
VOLUME /var/lib/wismo
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f\"http://127.0.0.1:{os.environ['WISMO_PORT']}/healthz\", timeout=4)"]
CMD ["wismo", "serve"]
