"""The inherited endpoint suite: what must hold for every operation of every micro-app.

Collected by ``plugzero_api/kernel/tests/test_security_endpoints.py``. Each micro-app supplies cases in
``<app>/tests/endpoint_cases.py``; an operation without one fails.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import pytest
from django.urls import reverse

from plugzero_api.kernel.api.operations import Operation, api_operations
from plugzero_api.kernel.api.permissions import PUBLIC, SIGNED_IN
from plugzero_api.kernel.api.views import PlatformView
from plugzero_api.kernel.ids import uuid7
from plugzero_api.kernel.plugins import ROLES, permission_matrix
from plugzero_api.kernel.testing.cases import (
    PreparedRequest,
    RawBody,
    Scene,
    collect_cases,
    prepare,
)
from plugzero_api.kernel.testing.conformance import assert_conforms
from plugzero_api.kernel.testing.plugin import ApiClient, actors

OPERATIONS = api_operations()
CASES = collect_cases()
_COVERED = [o for o in OPERATIONS if o.name in CASES]
_PRIVATE = [o for o in _COVERED if o.permission != PUBLIC]
_TEAM = [o for o in _PRIVATE if o.permission != SIGNED_IN and o.permission is not None]
_WITH_BODY = [o for o in _COVERED if o.method in CASES[o.name].body]
_REDIRECTS = {304, 307}
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.I)
# Fields that decide about ownership or power: none may be set through a body that does not declare it.
_POWERS = ("team", "team_id", "owner", "created_by", "is_staff", "is_superuser", "role", "state", "id")


Test = TypeVar("Test", bound=Callable[..., None])


def each(operations: list[Operation]) -> Callable[[Test], Test]:
    return pytest.mark.parametrize("operation", operations, ids=lambda operation: operation.id)


@pytest.fixture(autouse=True)
def _quick(settings: Any, db: None) -> None:
    # Answers of even length are tested where they are made; here they would only be slow.
    settings.PLUGZERO_EVEN_ANSWER_SECONDS = 0
    settings.PLUGZERO_EVENTS_URL = "http://events.example"


class Stage:
    """Team A with the user under test, and team B whose data must stay unseen."""

    def __init__(self, role: str = "OWNER", **membership: Any) -> None:
        made = actors()
        self.team, self.other_team = made.create_team("Team A"), made.create_team("Team B")
        self.user = made.create_member(self.team, role, **membership)
        self.other_user = made.create_member(self.other_team, "OWNER")
        self.client = ApiClient(self.user, self.team)
        self.own = Scene(self.team, self.user, f"own-{uuid7().hex[-12:]}")
        self.foreign = Scene(self.other_team, self.other_user, f"canary-{uuid7().hex[-12:]}")


def send(client: ApiClient, operation: Operation, request: PreparedRequest, **changes: Any) -> Any:
    kwargs = changes.get("kwargs", request.kwargs)
    body, query = changes.get("body", request.body), changes.get("query", request.query)
    url = reverse(operation.name, kwargs=kwargs)
    if query:
        url += "?" + urlencode(query, doseq=True)
    headers = dict(request.headers)
    if isinstance(body, RawBody):
        return client.request(operation.method, url, body.data, CONTENT_TYPE=body.content_type, **headers)
    if body is None and operation.method in {"post", "put", "patch"}:
        body = {}
    return client.request(operation.method, url, body, **headers)


def content_of(response: Any) -> str:
    if getattr(response, "streaming", False):
        return b"".join(response.streaming_content).decode(errors="replace")
    text: str = response.content.decode(errors="replace")
    return text


def succeeded(response: Any) -> bool:
    return 200 <= response.status_code < 300 or response.status_code in _REDIRECTS


def comparable(response: Any) -> tuple[int, Any]:
    """Status and body without what may differ between two equal refusals: request id and the ids asked for."""
    text = _UUID.sub("<id>", content_of(response))
    try:
        body = json.loads(text)
    except ValueError:
        return response.status_code, text
    if isinstance(body, dict):
        body.pop("request_id", None)
    return response.status_code, body


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from leaves(item, (*path, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, index))
    else:
        yield path, value


def replaced(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    if isinstance(value, dict):
        return {k: replaced(v, path[1:], new) if k == path[0] else v for k, v in value.items()}
    return [replaced(v, path[1:], new) if i == path[0] else v for i, v in enumerate(value)]


def swappable_ids(own: Any, foreign: Any) -> list[tuple[tuple[Any, ...], Any]]:
    """Paths of ids in ``own`` for which ``foreign`` has another team's id."""
    theirs = dict(leaves(foreign))
    return [
        (path, theirs[path])
        for path, value in leaves(own)
        if _is_id(value) and path in theirs and _is_id(theirs[path]) and str(theirs[path]) != str(value)
    ]


def _is_id(value: Any) -> bool:
    return isinstance(value, UUID) or (isinstance(value, str) and bool(_UUID.fullmatch(value)))


# What must hold -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_operation_declares_its_permission_and_has_a_case(operation: Operation) -> None:
    assert isinstance(operation.view, type) and issubclass(operation.view, PlatformView)
    assert operation.permission is not None, "permission_of does not mention this action"
    if operation.permission not in (PUBLIC, SIGNED_IN):
        assert operation.permission in permission_matrix(), f"no manifest declares {operation.permission}"
    assert operation.name, "the route needs a name"
    assert operation.name in CASES, "no case in the app's tests/endpoint_cases.py"


def test_cases_name_existing_operations_only() -> None:
    known: dict[str, set[str]] = {}
    for operation in OPERATIONS:
        known.setdefault(operation.name, set()).add(operation.method)
    for name, case in CASES.items():
        assert name in known, f"{name} is no route"
        used = {*case.body, *case.query, *case.headers, *case.project_bound}
        assert used <= known[name], f"{name} has no {used - known[name]}"


@each(_PRIVATE)
def test_anonymous_is_answered_401(operation: Operation) -> None:
    stage = Stage()
    request = prepare(CASES[operation.name], operation.method, stage.own)
    response = send(ApiClient(), operation, request)
    assert response.status_code == 401
    assert response["WWW-Authenticate"]
    assert response.json()["code"] == "not_authenticated"
    assert stage.own.canary not in content_of(response)


@each([o for o in _COVERED if o.permission == PUBLIC])
def test_public_operation_answers_a_stranger_as_documented(operation: Operation) -> None:
    stage = Stage()
    request = prepare(CASES[operation.name], operation.method, stage.own)
    response = send(ApiClient(), operation, request)
    assert succeeded(response), content_of(response)[:500]
    assert_conforms(operation, response)


@pytest.mark.parametrize("role", ROLES)
@each(_PRIVATE)
def test_role_may_do_what_the_matrix_says_and_sees_only_its_team(operation: Operation, role: str) -> None:
    stage = Stage(role)
    case = CASES[operation.name]
    prepare(case, operation.method, stage.foreign)
    request = prepare(case, operation.method, stage.own)
    response = send(stage.client, operation, request)
    text = content_of(response)
    allowed = (
        operation.permission == SIGNED_IN or role in permission_matrix()[str(operation.permission)].roles
    )
    if allowed:
        assert succeeded(response), f"{response.status_code} {text[:500]}"
        if not getattr(response, "streaming", False):
            assert_conforms(operation, response)
    else:
        assert response.status_code == 403, text[:500]
        assert response.json()["code"] == "permission_denied"
    assert stage.foreign.canary not in text
    assert str(stage.foreign.team_id) not in text


@each(_TEAM)
def test_suspended_member_is_refused(operation: Operation) -> None:
    stage = Stage(is_suspended=True)
    request = prepare(CASES[operation.name], operation.method, stage.own)
    response = send(stage.client, operation, request)
    assert response.status_code == 403
    assert response.json()["code"] == "membership_suspended"


@each(_TEAM)
def test_team_header_of_a_foreign_team_is_answered_as_one_of_no_team(operation: Operation) -> None:
    stage = Stage()
    request = prepare(CASES[operation.name], operation.method, stage.foreign)
    answers = [
        comparable(send(ApiClient(stage.user, team_id), operation, request))
        for team_id in (stage.other_team.pk, uuid7())
    ]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


@each([o for o in _PRIVATE if CASES[o.name].kwargs is not None])
def test_foreign_object_is_answered_as_an_unknown_one(operation: Operation) -> None:
    stage = Stage()
    case = CASES[operation.name]
    foreign = prepare(case, operation.method, stage.foreign)
    own = prepare(case, operation.method, stage.own)
    ids = [key for key, value in own.kwargs.items() if _is_id(value)]
    for key in ids:
        if str(own.kwargs[key]) == str(foreign.kwargs[key]):
            continue
        theirs = send(stage.client, operation, own, kwargs={**own.kwargs, key: foreign.kwargs[key]})
        nobodys = send(stage.client, operation, own, kwargs={**own.kwargs, key: uuid7()})
        assert theirs.status_code == 404, content_of(theirs)[:500]
        assert comparable(theirs) == comparable(nobodys)
    if ids:
        all_theirs = send(stage.client, operation, own, kwargs=foreign.kwargs)
        assert all_theirs.status_code == 404


@each(_WITH_BODY)
def test_foreign_id_in_the_body_is_refused_as_an_unknown_one(operation: Operation) -> None:
    stage = Stage()
    case = CASES[operation.name]
    foreign = prepare(case, operation.method, stage.foreign)
    own = prepare(case, operation.method, stage.own)
    client = ApiClient() if operation.permission == PUBLIC else stage.client
    for path, theirs in swappable_ids(own.body, foreign.body):
        refused = send(client, operation, own, body=replaced(own.body, path, theirs))
        unknown = send(client, operation, own, body=replaced(own.body, path, uuid7()))
        assert 400 <= refused.status_code < 500, f"{path}: {refused.status_code} {content_of(refused)[:300]}"
        assert comparable(refused) == comparable(unknown), path
        assert stage.foreign.canary not in content_of(refused)


@each([o for o in _PRIVATE if o.method in CASES[o.name].query])
def test_foreign_id_in_a_filter_finds_what_an_unknown_one_finds(operation: Operation) -> None:
    stage = Stage()
    case = CASES[operation.name]
    foreign = prepare(case, operation.method, stage.foreign)
    own = prepare(case, operation.method, stage.own)
    for path, theirs in swappable_ids(own.query, foreign.query):
        found = send(stage.client, operation, own, query=replaced(own.query, path, theirs))
        unknown = send(stage.client, operation, own, query=replaced(own.query, path, uuid7()))
        assert comparable(found) == comparable(unknown), path
        assert stage.foreign.canary not in content_of(found)


@each([o for o in _WITH_BODY if o.permission != PUBLIC])
def test_undeclared_fields_cannot_be_assigned(operation: Operation) -> None:
    stage = Stage()
    request = prepare(CASES[operation.name], operation.method, stage.own)
    if not isinstance(request.body, dict):
        pytest.skip("the body is no JSON object")
    for power in _POWERS:
        if power in request.body:
            continue
        response = send(
            stage.client, operation, request, body={**request.body, power: str(stage.other_team.pk)}
        )
        assert response.status_code == 400, f"{power}: {response.status_code} {content_of(response)[:300]}"


@each(_PRIVATE)
def test_unknown_query_parameter_is_refused(operation: Operation) -> None:
    stage = Stage()
    request = prepare(CASES[operation.name], operation.method, stage.own)
    response = send(stage.client, operation, request, query={**request.query, "no_such_parameter": "1"})
    assert response.status_code == 400
    assert response.json()["errors"][0]["code"] == "unknown_parameter"


@each([o for o in _TEAM if o.method in CASES[o.name].project_bound])
def test_member_of_other_projects_does_not_find_the_object(operation: Operation) -> None:
    stage = Stage("ADMIN", project_ids=[str(uuid7())])
    request = prepare(CASES[operation.name], operation.method, stage.own)
    response = send(stage.client, operation, request)
    assert response.status_code == 404, content_of(response)[:300]
    assert stage.own.canary not in content_of(response)


@each([o for o in _COVERED if o.permission != PUBLIC])
def test_answers_are_not_kept_by_caches(operation: Operation) -> None:
    stage = Stage()
    response = send(stage.client, operation, prepare(CASES[operation.name], operation.method, stage.own))
    assert response["Cache-Control"] in {"no-store", "private, no-cache"}
    for header in ("Content-Security-Policy", "X-Content-Type-Options", "Referrer-Policy", "X-Request-ID"):
        assert response[header]
