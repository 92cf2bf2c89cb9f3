# Two stages: the first builds a virtual environment from the lock file, the second holds nothing but that.
# BASE is any image with Python 3.11 or newer at the same path in both stages.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
WORKDIR /src
RUN python3 -m venv /venv
COPY requirements/runtime.txt requirements/runtime.txt
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
# The build backend comes from the same lock as the tests use. Compiled files are part of the image, since it is read-only,
# and hold whatever becomes of the sources' time stamps on the way into a layer.
COPY requirements/build.txt requirements/build.txt
RUN /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements/build.txt \
 && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation . \
 && /venv/bin/pip uninstall --yes --quiet setuptools pip \
 && python3 -m compileall -q -f --invalidation-mode unchecked-hash /venv/lib

FROM ${BASE}
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
# Docker's Python images come without compiled files of the standard library: what a start loads of it is compiled here.
RUN PYTHONDONTWRITEBYTECODE='' python3 -c "import worker.cli.run, worker.zeebe.grpc, encodings.idna"
USER 10001:10001
EXPOSE 9090
# Exec form: SIGTERM reaches the worker itself, which drains. The root file system may be read-only.
ENTRYPOINT ["python3", "-m", "worker"]
CMD ["run"]
