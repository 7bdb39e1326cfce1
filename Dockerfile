# The image of every process of the shop: web, worker, TaskIQ worker and scheduler.
ARG PYTHON_IMAGE=python:3.13-slim
FROM ${PYTHON_IMAGE} AS base

FROM base AS packages
RUN pip install --no-cache-dir uv
ENV UV_PROJECT_ENVIRONMENT=/venv \
    UV_PYTHON=python3 \
    UV_PYTHON_DOWNLOADS=never \
    UV_LINK_MODE=copy \
    UV_NO_PROGRESS=1
WORKDIR /shop
# Only the pins: a change of the code or the README does not reinstall the packages. Litestar
# generates examples with faker, which the shop does not use; it is a sixth of all packages.
COPY pyproject.toml ./
RUN mkdir app migrations \
    && touch README.md LICENSE \
    && uv sync --no-default-groups --extra otel --extra s3 --extra stripe --no-install-package faker \
    && rm -rf /root/.cache

FROM base
RUN useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin shop \
    && install -d -o shop -g shop -m 0700 /data /media
COPY --from=packages /venv /venv
ENV PATH=/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/shop \
    HOST=0.0.0.0 \
    DATA_DIR=/data
WORKDIR /shop
COPY main.py entrypoint.sh ./
COPY migrations migrations
COPY app app
# The root file system may be read-only, so that nothing could be compiled at the start.
RUN python -m compileall -q main.py migrations app
USER shop
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["/shop/entrypoint.sh"]
CMD ["python", "main.py"]
