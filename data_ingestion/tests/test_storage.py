"""Storage on a local S3-compatible server: the same life of a file, and a cache that stays in its bounds."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from django.core.files.storage import default_storage
from moto.server import ThreadedMotoServer

from data_ingestion.adapters import storage
from data_ingestion.services import files
from data_ingestion.tests.actions import create_project, detail, done, ingest, rows_of, upload
from data_ingestion.tests.factories import CSV
from plugzero_api.kernel.models import TaskRun
from plugzero_api.kernel.tenancy import every_team

BUCKET = "plugzero-test"
KEYS = {"access_key": "testing", "secret_key": "testing"}


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def bucket(endpoint: str, settings: Any, tmp_path: Path) -> Iterator[Any]:
    """An empty bucket behind Django's default storage, and an empty cache."""
    resource = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="us-east-1",
    )
    bucket = resource.create_bucket(Bucket=BUCKET)
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": BUCKET,
                "endpoint_url": endpoint,
                "region_name": "us-east-1",
                "file_overwrite": True,
                "default_acl": "private",
                "querystring_auth": True,
                **KEYS,
            },
        },
    }
    settings.DATASET_CACHE_DIR = tmp_path / "cache"
    yield bucket
    bucket.objects.all().delete()
    bucket.delete()


def names(bucket: Any) -> list[str]:
    return sorted(item.key for item in bucket.objects.all())


def cached(settings: Any) -> list[Path]:
    return sorted(path for path in Path(settings.DATASET_CACHE_DIR).rglob("*") if path.is_file())


def put(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / "source"
    path.write_bytes(content)
    storage.keep(path, name)


def test_a_file_lives_in_the_bucket_from_upload_to_deletion(
    owner: Any, bucket: Any, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    dataset = ingest(owner)
    assert len(names(bucket)) == 2
    assert all(name.startswith(f"teams/{owner.team_id}/") for name in names(bucket))
    assert [row[0] for row in rows_of(owner, dataset)] == ["Paris", "Oslo", "Rome", "Oslo"]
    run = TaskRun._base_manager.get(
        pk=_finish(owner.client.post(f"datasets/{dataset}/export/", {"export_format": "csv"}))
    )
    answer = owner.client.get(run.result_url)
    assert b"".join(answer.streaming_content).decode("utf-8-sig").startswith("city")
    assert len(names(bucket)) == 3
    file = detail(owner, dataset)["raw_file"]
    original = owner.client.get(f"files/{file}/download/")
    assert b"".join(original.streaming_content) == CSV
    with django_capture_on_commit_callbacks(execute=True):
        assert owner.client.delete(f"files/{file}/").status_code == 204
    assert not [name for name in names(bucket) if "/raw/" in name]


def _finish(response: Any) -> str:
    done(response)
    task: str = response.json()["task_id"]
    return task


def test_equal_bytes_are_one_object(owner: Any, bucket: Any) -> None:
    project = create_project(owner)
    for name in ("a.csv", "b.csv"):
        assert upload(owner, project, CSV, name).status_code == 202
    assert len(names(bucket)) == 1


@pytest.mark.usefixtures("bucket")
def test_an_object_is_fetched_once_and_then_read_from_the_cache(
    tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    put(tmp_path, "teams/t/a", b"content")
    first = storage.local_path("teams/t/a")
    assert first.read_bytes() == b"content"

    def unreachable(*_: Any, **__: Any) -> None:
        raise AssertionError("fetched again")

    monkeypatch.setattr(type(default_storage._wrapped), "open", unreachable)
    assert storage.local_path("teams/t/a") == first


@pytest.mark.usefixtures("bucket")
def test_the_cache_keeps_its_bound_and_the_objects_used_last(tmp_path: Path, settings: Any) -> None:
    settings.DATASET_CACHE_BYTES = 2500
    for number, name in enumerate(("a", "b"), start=1):
        put(tmp_path, f"teams/t/{name}", bytes(1000))
        storage.local_path(f"teams/t/{name}")
        os.utime(Path(settings.DATASET_CACHE_DIR) / f"teams/t/{name}", (time.time() - 100 / number,) * 2)
    storage.local_path("teams/t/a")  # used again: now the younger one
    put(tmp_path, "teams/t/c", bytes(1000))
    storage.local_path("teams/t/c")
    assert [path.name for path in cached(settings)] == ["a", "c"]
    assert sum(path.stat().st_size for path in cached(settings)) <= 2500
    assert storage.local_path("teams/t/b").stat().st_size == 1000  # fetched anew


@pytest.mark.usefixtures("bucket")
def test_an_object_larger_than_the_cache_is_still_served(tmp_path: Path, settings: Any) -> None:
    settings.DATASET_CACHE_BYTES = 10
    put(tmp_path, "teams/t/large", bytes(5000))
    assert storage.local_path("teams/t/large").stat().st_size == 5000


@pytest.mark.usefixtures("bucket")
def test_many_readers_at_once_get_the_whole_object(tmp_path: Path, settings: Any) -> None:
    content = os.urandom(3_000_000)
    put(tmp_path, "teams/t/shared", content)

    def read(_: int) -> bool:
        return storage.local_path("teams/t/shared").read_bytes() == content

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(16)))
    assert [path.name for path in cached(settings)] == ["shared"]


@pytest.mark.usefixtures("bucket")
def test_a_download_that_breaks_leaves_nothing_in_the_cache(
    tmp_path: Path, settings: Any, monkeypatch: Any
) -> None:
    put(tmp_path, "teams/t/a", b"content")

    def broken(*_: Any) -> None:
        raise ConnectionResetError

    monkeypatch.setattr(storage.shutil, "copyfileobj", broken)
    with pytest.raises(ConnectionResetError):
        storage.local_path("teams/t/a")
    assert cached(settings) == []


def test_the_sweep_works_on_the_bucket(owner: Any, bucket: Any, monkeypatch: Any) -> None:
    dataset = ingest(owner)
    bucket.put_object(Key=f"teams/{owner.team_id}/datasets/x/orphan.parquet", Body=b"x")
    with every_team("test"):
        assert files.remove_orphans() == 0
    monkeypatch.setattr(storage, "_ORPHAN_AGE_SECONDS", -1)
    with every_team("test"):
        assert files.remove_orphans() == 1
    assert len(names(bucket)) == 2
    assert len(rows_of(owner, dataset)) == 4


def test_the_local_store_never_shows_a_half_written_object(tmp_path: Path, monkeypatch: Any) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x" * 1000)
    name = f"teams/t/{os.urandom(8).hex()}"

    def cut(from_path: Path, to_path: Path) -> None:
        Path(to_path).write_bytes(b"x" * 10)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(storage.shutil, "copyfile", cut)
    with pytest.raises(OSError, match="No space"):
        storage.keep(source, name)
    folder = storage.local_path(name).parent
    assert not [path for path in folder.iterdir() if path.name.startswith(Path(name).name)]
    monkeypatch.undo()
    storage.keep(source, name)
    assert storage.local_path(name).read_bytes() == source.read_bytes()
    assert storage.local_path(name).stat().st_mode & 0o077 == 0
    storage.remove(name)
    assert not storage.local_path(name).exists()


def test_many_writers_of_the_same_bytes_at_once(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(os.urandom(2_000_000))
    name = f"teams/t/{os.urandom(8).hex()}"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: storage.keep(source, name), range(16)))
    assert storage.local_path(name).read_bytes() == source.read_bytes()
    assert [path.name for path in storage.local_path(name).parent.glob(f"{Path(name).name}*")] == [
        Path(name).name
    ]
    storage.remove(name)


def test_the_hash_is_sha_256(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(io.BytesIO(b"abc").read())
    assert storage.hash_file(path) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
