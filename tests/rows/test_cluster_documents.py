"""Documents go to the engine's store with the credentials of the cluster, unless they have a token of their own."""

from __future__ import annotations

import pytest

from tests.rows.support import Scene, variables_of

ZEEBE = "REST_CONNECTOR_ZEEBE__"
REFERENCE = {"storeId": "gcp", "documentId": "d", "contentHash": "h", "metadata": {"size": 2}}


@pytest.mark.parametrize(
    ("environ", "header"),
    [
        ({}, None),
        ({ZEEBE + "USERNAME": "us", ZEEBE + "PASSWORD": "pä"}, "Basic dXM6cMOk"),
        ({"CAMUNDA_CLIENT_AUTH_USERNAME": "us", "CAMUNDA_CLIENT_AUTH_PASSWORD": "pä"}, "Basic dXM6cMOk"),
        ({ZEEBE + "TOKEN": "cluster"}, "Bearer cluster"),
        ({ZEEBE + "TOKEN": "cluster", "REST_CONNECTOR_DOCUMENTS__TOKEN": "own"}, "Bearer own"),
    ],
    ids=["none", "basic", "basic-of-camundas-client", "token", "own-token"],
)
async def test_a_stored_document_goes_in_with(scene: Scene, environ: dict[str, str], header: str | None) -> None:
    store, service = await scene.serve_json(REFERENCE, 201), await scene.serve_json({})
    scene.environ |= {"REST_CONNECTOR_DOCUMENTS__CAMUNDA": store.url("").rstrip("/"), **environ}

    outcome = await scene.run(
        {"url": service.url(), "method": "GET", "storeResponse": True},
        {"resultExpression": "={stored: response.document}"},
    )

    assert variables_of(outcome)["stored"]["documentId"] == "d"
    assert [request.value("authorization") for request in store.requests] == [header]
    assert [request.value("authorization") for request in service.requests] == [None]
