# The service with its plugins, in two stages: everything that builds stays behind in the first.

FROM python:3.13-slim AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /src

# The pins alone first: this layer is built again only when they change.
COPY requirements.lock ./
RUN sed '/^# --- build/,$d' requirements.lock > runtime.lock \
    && sed '/^# --- development/,$d' requirements.lock > build.lock \
    && pip install --require-hashes -r build.lock \
    && python -m venv /opt/edge \
    && /opt/edge/bin/pip install --require-hashes -r runtime.lock

COPY pyproject.toml README.md LICENSE ./
COPY edge edge
COPY plugins plugins
RUN pip wheel --no-deps --no-build-isolation --wheel-dir /wheels . ./plugins/* \
    && /opt/edge/bin/pip install --no-deps --no-index /wheels/*.whl \
    && /opt/edge/bin/pip uninstall --yes pip


FROM python:3.13-slim
RUN groupadd --gid 10001 edge \
    && useradd --uid 10001 --gid edge --no-create-home --home-dir /var/lib/edge --shell /usr/sbin/nologin edge \
    && install --directory --owner=edge --group=edge /var/lib/edge /var/lib/edge-influx /plugins
COPY --from=build /opt/edge /opt/edge
COPY config/edge.toml config/plant.toml /etc/edge/

ENV PATH=/opt/edge/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    EDGE__SERVICE__DATA_DIR=/var/lib/edge \
    EDGE__SERVICE__LOG_FORMAT=json \
    EDGE__PLUGINS__DIRECTORY=/plugins \
    EDGE__API__HOST=0.0.0.0

USER 10001:10001
WORKDIR /var/lib/edge
VOLUME /var/lib/edge
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/live', timeout=4)"]
ENTRYPOINT ["edge"]
CMD ["run", "--config", "/etc/edge"]
