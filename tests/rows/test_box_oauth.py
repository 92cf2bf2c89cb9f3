"""BOX-07 and PRI-05: what a model adds to a token request."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

import pytest

from tests.rows.support import CAMUNDA, Scene
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import ScriptedServer

CLIENT = {"type": "oauth-client-credentials-flow", "clientId": "c", "clientSecret": "s"}
REFRESH = {"type": "oauth-refresh-token", "clientId": "c", "refreshToken": "r"}
BASE = {"clientAuthentication": "basicAuthHeader"}


async def asked(scene: Scene, idp: ScriptedServer, auth: dict[str, Any], **job: Any) -> Any:
    """The outcome of a job with an authentication."""
    service = await scene.serve_json({})
    authentication = {**BASE, **auth, "oauthTokenEndpoint": idp.url()}
    return await scene.run({"url": service.url(), "method": "GET", "authentication": authentication}, **job)


@pytest.mark.parametrize("auth", [CLIENT, REFRESH], ids=["client credentials", "refresh token"])
async def test_box_07_parameters_are_added_to_the_form(scene: Scene, auth: dict[str, Any]) -> None:
    idp = await scene.serve_json({"access_token": "t", "expires_in": 3600})
    added = {"resource": "https://api/ü", "version": 2, "none": None}
    completed(await asked(scene, idp, {**auth, "parameters": added}))
    fields = dict(parse_qsl(idp.requests[0].body.decode()))
    assert (fields["resource"], fields["version"], "none" in fields) == ("https://api/ü", "2", False)
    assert fields["grant_type"] in ("client_credentials", "refresh_token")
    completed(await asked(scene, idp, {**auth, "parameters": {**added, "resource": "https://other"}}))
    assert len(idp.requests) == 2, "another token for other parameters"


async def test_box_07_they_may_be_task_headers_with_secrets(scene: Scene) -> None:
    scene.environ["SECRET_TENANT"] = "t-4711"
    idp, service = await scene.serve_json({"access_token": "t"}), await scene.serve_json({})
    variables = {"url": service.url(), "authentication": {**CLIENT, "oauthTokenEndpoint": idp.url()}}
    headers = {"authentication.parameters.tenant": "{{secrets.TENANT}}", "authentication.headers.X-Tenant": "=1 + 1"}
    completed(await scene.run(variables, headers))
    assert dict(parse_qsl(idp.requests[0].body.decode()))["tenant"] == "t-4711"
    assert idp.requests[0].value("x-tenant") == "2"


async def test_pri_05_headers_are_added_to_the_token_request(scene: Scene) -> None:
    idp = await scene.serve_json({"access_token": "t"})
    completed(await asked(scene, idp, {**CLIENT, "headers": {"X-Tenant": "a", "authorization": "Custom x"}}))
    (request,) = idp.requests
    assert (request.value("x-tenant"), request.values("authorization")) == ("a", ["Custom x"])


@pytest.mark.parametrize("name", ["grant_type", "client_id", "scope"])
async def test_box_07_what_the_flow_sends_itself_cannot_be_added(scene: Scene, name: str) -> None:
    idp = await scene.serve_json({"access_token": "t"})
    outcome = failed(await asked(scene, idp, {**CLIENT, "parameters": {name: "x"}}))
    assert (outcome.retries, idp.requests) == (0, [])
    assert f"authentication.parameters.{name}" in outcome.message


@pytest.mark.parametrize("wrong", ["a=b", {"a": [1, 2]}, 5])
async def test_box_07_other_values_name_the_field(scene: Scene, wrong: Any) -> None:
    idp = await scene.serve_json({"access_token": "t"})
    outcome = failed(await asked(scene, idp, {**CLIENT, "parameters": wrong}))
    assert (outcome.retries, idp.requests) == (0, [])


async def test_box_07_the_compatible_face_does_not_read_them(scene: Scene) -> None:
    idp = await scene.serve_json({"access_token": "t"})
    completed(await asked(scene, idp, {**CLIENT, "parameters": {"resource": "x"}, "headers": "any"}, type=CAMUNDA))
    assert b"resource" not in idp.requests[0].body
