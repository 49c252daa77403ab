# syntax=docker/dockerfile:1
FROM python:3.11-slim AS build
WORKDIR /src
# The versions and hashes of locks/. pip compiles the bytecode here; without it a start takes four times as long.
COPY locks locks
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r locks/build.txt \
    && python -m venv /opt/mockserver && /opt/mockserver/bin/pip install --no-cache-dir --require-hashes -r locks/run.txt
COPY pyproject.toml README.md sms_mockserver.py ./
COPY mockserver mockserver
COPY fixtures fixtures
RUN /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/mockserver/bin/pip install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.11-slim
COPY --from=build /opt/mockserver /opt/mockserver
RUN useradd --system --no-create-home --shell /usr/sbin/nologin mockserver \
    && install -d -o mockserver -m 0700 /var/lib/mockserver
ENV MOCKSERVER_CA=/var/lib/mockserver/authority MOCKSERVER_DATA=/var/lib/mockserver
USER mockserver
WORKDIR /tmp
EXPOSE 7670 7671 7672
HEALTHCHECK --interval=10s --timeout=2s --start-period=5s --start-interval=200ms \
    CMD ["/opt/mockserver/bin/python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:7670/_mock/health', timeout=2)"]
ENTRYPOINT ["/opt/mockserver/bin/mockserver"]
CMD ["serve", "--host", "0.0.0.0"]
