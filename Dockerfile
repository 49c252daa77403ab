# syntax=docker/dockerfile:1
# A release builds with its version: docker build --build-arg VERSION=1.2.3 .
FROM python:3.11-slim AS build
WORKDIR /src
# The versions and hashes of locks/. pip compiles the bytecode here; without it a start takes four times as long. pip itself
# stays behind.
COPY locks locks
RUN python -m venv /opt/build && /opt/build/bin/pip install --no-cache-dir --require-hashes -r locks/build.txt \
    && python -m venv --without-pip /opt/mockserver \
    && /opt/build/bin/pip --python /opt/mockserver/bin/python install --no-cache-dir --require-hashes -r locks/run.txt
COPY pyproject.toml README.md sms_mockserver.py ./
COPY mockserver mockserver
COPY fixtures fixtures
ARG VERSION=0.1.dev0
RUN SETUPTOOLS_SCM_PRETEND_VERSION_FOR_SMS_MOCKSERVER=$VERSION \
    /opt/build/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /wheel . \
    && /opt/build/bin/pip --python /opt/mockserver/bin/python install --no-cache-dir --no-deps /wheel/*.whl

FROM python:3.11-slim
RUN useradd --uid 7670 --no-create-home --shell /usr/sbin/nologin mockserver \
    && install -d -o mockserver -g mockserver -m 0700 /var/lib/mockserver
COPY --from=build /opt/mockserver /opt/mockserver
ENV PATH=/opt/mockserver/bin:$PATH MOCKSERVER_CA=/var/lib/mockserver/authority MOCKSERVER_DATA=/var/lib/mockserver
# A number: Kubernetes cannot tell of a name whether it is root.
USER 7670:7670
WORKDIR /var/lib/mockserver
VOLUME /var/lib/mockserver
EXPOSE 7670 7671 7672
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s --start-interval=200ms \
    CMD mockserver wait --timeout 2 --server http://127.0.0.1:${MOCKSERVER_HTTP_PORT:-7670}
ENTRYPOINT ["mockserver"]
CMD ["serve", "--host", "0.0.0.0"]
