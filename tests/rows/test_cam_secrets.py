"""CAM-102: creating, referring to and rotating secrets, as `docs/secrets.md` tells it (whose commands are run too)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.rows.support import CAMUNDA, Scene, both_faces
from tests.support.job_runs import completed
from tests.support.scripted_server import ScriptedServer


async def token_sent(scene: Scene, service: ScriptedServer, type: str = CAMUNDA) -> str | None:
    """What a job sends for the secret `TOKEN`."""
    variables = {"method": "GET", "url": service.url(), "headers": {"X-Token": "{{secrets.TOKEN}}"}}
    completed(await scene.run(variables, type=type))
    return service.requests[-1].value("x-token")


@both_faces
@pytest.mark.parametrize("place", ["environment", "file", "folder"])
async def test_cam_102_a_secret_is_made_and_referred_to(scene: Scene, type: str, place: str, tmp_path: Path) -> None:
    match place:
        case "environment":
            scene.environ["SECRET_TOKEN"] = "value-1"
        case "file":
            (tmp_path / "secrets.yaml").write_text("TOKEN: value-1\n")
            scene.environ["REST_CONNECTOR_SECRETS__FILES"] = str(tmp_path / "secrets.yaml")
        case "folder":
            (tmp_path / "TOKEN").write_text("value-1\n")
            scene.environ["REST_CONNECTOR_SECRETS__FOLDERS"] = str(tmp_path)
    assert await token_sent(scene, await scene.serve(), type) == "value-1"


async def test_cam_102_a_folder_comes_before_a_file_and_a_file_before_the_environment(
    scene: Scene, tmp_path: Path
) -> None:
    (tmp_path / "secrets.env").write_text("TOKEN=of-the-file\n")
    (tmp_path / "folder").mkdir()
    scene.environ |= {
        "SECRET_TOKEN": "of-the-environment",
        "REST_CONNECTOR_SECRETS__FILES": str(tmp_path / "secrets.env"),
        "REST_CONNECTOR_SECRETS__FOLDERS": str(tmp_path / "folder"),
    }
    service = await scene.serve()
    assert await token_sent(scene, service) == "of-the-file"
    (tmp_path / "folder" / "TOKEN").write_text("of-the-folder")
    assert await token_sent(scene, service) == "of-the-folder"


async def test_cam_102_a_changed_file_holds_from_the_next_job_on(scene: Scene, tmp_path: Path) -> None:
    file = tmp_path / "secrets.json"
    file.write_text('{"TOKEN": "old"}')
    scene.environ["REST_CONNECTOR_SECRETS__FILES"] = str(file)
    service = await scene.serve()
    assert await token_sent(scene, service) == "old"
    file.write_text('{"TOKEN": "rotated"}')
    assert await token_sent(scene, service) == "rotated"
    file.write_text('{"TOKEN": "bro')
    assert await token_sent(scene, service) == "rotated"


async def test_cam_102_a_token_is_fetched_anew_with_a_rotated_client_secret(scene: Scene, tmp_path: Path) -> None:
    (tmp_path / "CLIENT").write_text("old-secret")
    scene.environ["REST_CONNECTOR_SECRETS__FOLDERS"] = str(tmp_path)
    tokens = await scene.serve_json({"access_token": "t", "expires_in": 3600})
    service = await scene.serve()
    authentication = {
        "type": "oauth-client-credentials-flow",
        "oauthTokenEndpoint": tokens.url(),
        "clientId": "me",
        "clientSecret": "{{secrets.CLIENT}}",
        "clientAuthentication": "credentialsBody",
    }
    variables = {"method": "GET", "url": service.url(), "authentication": authentication}
    for _ in range(2):
        completed(await scene.run(variables, type=CAMUNDA))
    (tmp_path / "CLIENT").write_text("new-secret")
    completed(await scene.run(variables, type=CAMUNDA))
    assert [b"old-secret" in asked.body for asked in tokens.requests] == [True, False]


async def test_cam_102_kubernetes_swaps_a_link_and_the_next_job_has_the_new_value(scene: Scene, tmp_path: Path) -> None:
    """A mounted Secret: files link into `..data`, which links to a folder that is replaced as a whole."""
    for version in ("old", "rotated"):
        (tmp_path / f"..{version}").mkdir()
        (tmp_path / f"..{version}" / "TOKEN").write_text(version)
    data = tmp_path / "..data"
    data.symlink_to("..old")
    (tmp_path / "TOKEN").symlink_to("..data/TOKEN")
    scene.environ["REST_CONNECTOR_SECRETS__FOLDERS"] = str(tmp_path)
    service = await scene.serve()
    assert await token_sent(scene, service) == "old"
    (tmp_path / "..next").symlink_to("..rotated")
    (tmp_path / "..next").rename(data)
    assert await token_sent(scene, service) == "rotated"
