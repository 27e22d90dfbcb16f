# One image for every process of the backend: the command chooses which.
FROM python:3.11-slim-bookworm AS build
WORKDIR /app
COPY requirements.txt .
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /home/plugzero plugzero \
    && mkdir -p /app/media /app/.run /app/static/collected && chown -R plugzero /app
WORKDIR /app
COPY --from=build /venv /venv
COPY --chown=plugzero . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
USER plugzero
EXPOSE 8000 8001
CMD ["gunicorn", "plugzero_api.wsgi:application", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "4", "--no-control-socket"]
