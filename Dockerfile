# Two stages: the first builds a virtual environment from the lock file, the second holds nothing but that.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /venv
COPY requirements/runtime.txt requirements/runtime.txt
RUN /venv/bin/pip install --no-cache-dir --require-hashes -r requirements/runtime.txt
COPY pyproject.toml README.md LICENSE ./
COPY worker worker
RUN /venv/bin/pip install --no-cache-dir --no-deps . && /venv/bin/python -m compileall -q /venv/lib

FROM python:3.13-slim
COPY --from=build /venv /venv
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1
USER 10001:10001
EXPOSE 9090
# Exec form: SIGTERM reaches the worker itself, which drains.
ENTRYPOINT ["python", "-m", "worker"]
CMD ["run"]
