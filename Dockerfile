# The server as a non-root user on Debian; works with a read-only root file system.
# For the disk tier: SAFELIGHT_CACHE_DISK_DIR=/var/cache/safelight, with a volume of its own there.
FROM debian:bookworm-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
COPY requirements.lock /tmp/
RUN python3 -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --require-hashes --requirement /tmp/requirements.lock

FROM debian:bookworm-slim
RUN apt-get update && apt-get install -y --no-install-recommends \
        ca-certificates fontconfig fonts-dejavu-core libjemalloc2 python3 \
    && rm -rf /var/lib/apt/lists/* \
    && ln -s /usr/lib/*/libjemalloc.so.2 /usr/local/lib/libjemalloc.so.2 \
    && useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin safelight \
    && install -d -o 10001 -m 0700 /var/cache/safelight
COPY --from=build /venv /venv
COPY signing /app/signing
COPY transforms /app/transforms
COPY cache /app/cache
COPY origin /app/origin
RUN python3 -m compileall -q /app /venv
WORKDIR /app
ENV PATH=/venv/bin:/usr/bin:/bin \
    PYTHONPATH=/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LD_PRELOAD=/usr/local/lib/libjemalloc.so.2 \
    SAFELIGHT_HOST=0.0.0.0
USER 10001
EXPOSE 8080 8081
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8081/livez', timeout=2)"]
CMD ["python", "-m", "origin"]
