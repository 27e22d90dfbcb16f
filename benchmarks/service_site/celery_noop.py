"""A plain Celery application with a no-op task whose end is a Redis push, as small as Celery gets."""

import os

import redis
from celery import Celery

app = Celery("noop", broker=os.environ["REDIS_URL"])
app.conf.update(task_ignore_result=True, worker_prefetch_multiplier=1)
_client = redis.Redis.from_url(os.environ["REDIS_URL"])


@app.task(name="noop")
def noop(key: str) -> None:
    _client.rpush(f"done:{key}", 1)
