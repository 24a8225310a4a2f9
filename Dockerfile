# One image for every room; docker-compose.yml says which of them a container runs.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PYTHONWARNINGS=ignore PYTHONPATH=/marquee
WORKDIR /marquee

# For `operations backup` and `restore`.
RUN apt-get update && apt-get install -y --no-install-recommends mariadb-client && rm -rf /var/lib/apt/lists/*

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt \
    && useradd --system --no-create-home marquee

COPY . .
USER marquee
CMD ["python", "-m", "operations", "--help"]
