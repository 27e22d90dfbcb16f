"""The routes of data_ingestion for the inherited endpoint suite."""

from __future__ import annotations

from typing import Any

from data_ingestion.models import Dataset, DatasetVersion, Export, Project, RawDataFile, Upload
from data_ingestion.services import uploads
from data_ingestion.tests import factories
from plugzero_api.kernel.testing.cases import EndpointCase, RawBody, Scene

READ = frozenset({"get"})


def a_project(scene: Scene) -> Project:
    return scene.once("project", lambda: factories.make_project(scene.team_id, scene.canary))


def a_file(scene: Scene) -> RawDataFile:
    return scene.once("file", lambda: factories.make_file(a_project(scene), name=f"{scene.canary}.csv"))


def a_dataset(scene: Scene) -> Dataset:
    return scene.once(
        "dataset", lambda: factories.make_dataset(a_project(scene), name=scene.canary, rejects=True)
    )


def another_dataset(scene: Scene) -> Dataset:
    return scene.once("dataset 2", lambda: factories.make_dataset(a_project(scene), name=scene.canary))


def a_repaired_dataset(scene: Scene) -> Dataset:
    def make() -> Dataset:
        dataset = factories.make_dataset(a_project(scene), name=scene.canary, raw_file=a_file(scene))
        receipt = {
            "rows_in": 4,
            "rows_out": 4,
            "rows_rejected": 0,
            "repairs": [],
            "repair_count": 1,
            "dialect": {},
        }
        DatasetVersion.objects.filter(dataset=dataset).update(receipt=receipt)
        return dataset

    return scene.once("repaired dataset", make)


def an_export(scene: Scene) -> Export:
    return scene.once("export", lambda: factories.make_export(a_dataset(scene)))


def an_upload(scene: Scene) -> Upload:
    return scene.once("upload", lambda: factories.make_upload(a_project(scene), name=f"{scene.canary}.csv"))


def a_full_upload(scene: Scene) -> Upload:
    def make() -> Upload:
        upload = an_upload(scene)
        import io

        return uploads.append_chunk(
            upload=upload, offset=0, stream=io.BytesIO(factories.CSV), length=len(factories.CSV)
        )

    return scene.once("full upload", make)


def _multipart(scene: Scene) -> RawBody:
    boundary = "endpoint-suite"
    parts = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="project"\r\n\r\n{a_project(scene).pk}\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="cities.csv"\r\n'
        "Content-Type: text/csv\r\n\r\n"
    )
    data = parts.encode() + factories.CSV + f"\r\n--{boundary}--\r\n".encode()
    return RawBody(data, f"multipart/form-data; boundary={boundary}")


def _made(make: Any) -> Any:
    """For lists: something is there to be seen, and the URL has no arguments."""

    def kwargs(scene: Scene) -> dict[str, Any]:
        make(scene)
        return {}

    return kwargs


def _of(make: Any) -> Any:
    return lambda scene: {"pk": make(scene).pk}


_STEPS = [{"kind": "rename", "columns": {"city": "town"}}]

CASES = {
    "project-list": EndpointCase(
        kwargs=_made(a_project),
        body={"post": lambda s: {"name": s.canary, "description": "A study"}},
        query={"get": lambda s: {"search": s.canary}},
    ),
    "project-detail": EndpointCase(
        kwargs=_of(a_project),
        body={"patch": lambda s: {"name": "New name"}},
        project_bound=frozenset({"get", "patch", "delete"}),
    ),
    "file-list": EndpointCase(
        kwargs=_made(a_file),
        body={"post": _multipart},
        query={"get": lambda s: {"project": str(a_project(s).pk)}},
    ),
    "file-detail": EndpointCase(kwargs=_of(a_file), project_bound=frozenset({"get", "delete"})),
    "file-download": EndpointCase(kwargs=_of(a_file), project_bound=READ),
    "file-from-url": EndpointCase(
        body={"post": lambda s: {"project": str(a_project(s).pk), "url": "https://example.com/data.csv"}}
    ),
    "upload-list": EndpointCase(
        body={"post": lambda s: {"project": str(a_project(s).pk), "name": "cities.csv", "size": 59}}
    ),
    "upload-detail": EndpointCase(
        kwargs=_of(an_upload),
        body={"patch": lambda s: RawBody(factories.CSV, "application/octet-stream")},
        headers={"patch": lambda s: {"HTTP_UPLOAD_OFFSET": "0"}},
        project_bound=frozenset({"get", "patch", "delete"}),
    ),
    "upload-complete": EndpointCase(kwargs=_of(a_full_upload), project_bound=frozenset({"post"})),
    "dataset-list": EndpointCase(
        kwargs=_made(a_dataset),
        query={"get": lambda s: {"project": str(a_project(s).pk), "ordering": "name"}},
    ),
    "dataset-detail": EndpointCase(
        kwargs=_of(a_dataset),
        body={"patch": lambda s: {"name": "New name"}},
        project_bound=frozenset({"get", "patch", "delete"}),
    ),
    "dataset-profile": EndpointCase(
        kwargs=_of(a_dataset), query={"get": lambda s: {"version": "1"}}, project_bound=READ
    ),
    "dataset-versions": EndpointCase(kwargs=_of(a_dataset), project_bound=READ),
    "dataset-preview": EndpointCase(
        kwargs=_of(a_dataset),
        query={
            "get": lambda s: {
                "offset": "0",
                "limit": "2",
                "column": "city",
                "sort": "-score",
                "filter": '{"column": "score", "op": "gt", "value": 1}',
            }
        },
        project_bound=READ,
    ),
    "dataset-rejects": EndpointCase(kwargs=_of(a_dataset), project_bound=READ),
    "dataset-compare": EndpointCase(
        kwargs=_of(a_dataset), query={"get": lambda s: {"left": "1", "right": "1"}}, project_bound=READ
    ),
    "dataset-recipe": EndpointCase(
        kwargs=_of(a_dataset),
        body={"put": lambda s: {"steps": _STEPS}},
        project_bound=frozenset({"get", "put"}),
    ),
    "dataset-recipe-apply": EndpointCase(
        kwargs=_of(a_dataset), body={"post": lambda s: {"steps": _STEPS}}, project_bound=frozenset({"post"})
    ),
    "dataset-undo-repairs": EndpointCase(kwargs=_of(a_repaired_dataset), project_bound=frozenset({"post"})),
    "dataset-restore": EndpointCase(
        kwargs=_of(a_dataset), body={"post": lambda s: {"number": 1}}, project_bound=frozenset({"post"})
    ),
    "dataset-export": EndpointCase(
        kwargs=_of(a_dataset),
        body={"post": lambda s: {"export_format": "csv"}},
        project_bound=frozenset({"post"}),
    ),
    "dataset-unite": EndpointCase(
        body={
            "post": lambda s: {
                "project": str(a_project(s).pk),
                "name": "Both",
                "datasets": [str(a_dataset(s).pk), str(another_dataset(s).pk)],
            }
        }
    ),
    "dataset-steps": EndpointCase(),
    "export-download": EndpointCase(kwargs=_of(an_export), project_bound=READ),
}
