"""The forms of the templates in the Modeler: filled in a browser as a user would, exported, run on the real engine.

The pictures go to `.cache/modeler/pictures`; `make pictures` takes them over into the documentation.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.bpmn import ServiceTask, sequence
from tests.support.element_templates import FOLDER, template
from tests.support.npm import NodeTools
from tests.support.parts import need
from tests.support.zeebe import Zeebe
from tests.templates.shop import Shop, basic
from worker.cli import main

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

CALL = [  # group, label, value
    ("endpoint", "Method", "POST"),
    ("endpoint", "Headers", '={"X-Trace": string(orderId)}'),
    ("payload", "Body", "={note: note}"),
    ("output", "Result variable", "answer"),
]
LOGIN = [
    ("endpoint", "URL", '=shopUrl + "/orders/" + string(orderId)'),
    ("authentication", "Type", "Basic"),
    ("authentication", "Username", "ada"),
    ("authentication", "Password", "{{secrets.SHOP_TOKEN}}"),
]
FORMS = {
    "native": LOGIN + CALL,
    "compatible": LOGIN + CALL,
    "profile": [("endpoint", "Profile", "shop"), ("endpoint", "Path", '="/orders/" + string(orderId)'), *CALL],
}
UNFINISHED = [("authentication", "Type", "Bearer token")]


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of the forms: the exported models, and what the unfinished ones said."""

    models: Mapping[str, Path]
    complaints: Mapping[str, list[str]]


@pytest.fixture(scope="module")
def filled(modeler: NodeTools, tmp_path_factory: pytest.TempPathFactory) -> Filled:
    """Every form filled in by one browser."""
    need("chromium", reason="the forms are filled in a browser")
    pictures = modeler.folder / "pictures"
    pictures.mkdir(exist_ok=True)
    model = (FOLDER / "examples" / "order-lookup.bpmn").read_text(encoding="utf-8")
    finished = [
        task(face, model.replace("order-lookup", f"form-{face}"), "get-order", fields)
        | {"picture": str(pictures / f"template-{face}.png")}
        for face, fields in FORMS.items()
    ]
    empty = sequence(ServiceTask(job_type="later"))
    unfinished = [task(face, empty, "call", UNFINISHED) for face in ("native", "compatible")]
    done = modeler.run("form.mjs", str(shutil.which("chromium")), given=finished + unfinished)
    folder = tmp_path_factory.mktemp("exported")
    models = {face: folder / f"form-{face}.bpmn" for face in FORMS}
    for file, each in zip(models.values(), done, strict=False):
        assert each["faults"] == []
        file.write_text(each["xml"], encoding="utf-8")
    complaints = zip(("native", "compatible"), done[len(models) :], strict=True)
    return Filled(models, {face: each["faults"] for face, each in complaints})


def task(face: str, diagram: str, element: str, fields: Sequence[tuple[str, str, str]]) -> dict[str, Any]:
    """One form for `form.mjs`."""
    return {
        "diagram": diagram,
        "templates": [template(face) for face in FORMS],
        "template": template(face)["id"],
        "element": element,
        "fields": fields,
    }


@pytest.mark.parametrize("face", ["native", "compatible"])
def test_the_form_asks_for_what_is_mandatory(filled: Filled, face: str) -> None:
    shown = "\n".join(filled.complaints[face])

    assert "URL must not be empty." in shown
    assert "Bearer token must not be empty." in shown
    assert len(filled.complaints[face]) == 2


@pytest.mark.parametrize("face", FORMS)
def test_nothing_is_wrong_with_what_a_user_fills_in(
    filled: Filled, face: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(filled.models[face])]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("face", ["native", "compatible"])
async def test_what_a_user_fills_in_runs_on_the_real_engine(
    filled: Filled,
    face: str,
    zeebe: Zeebe,
    shop: Shop,
) -> None:
    shop.answer("/orders/7", web.json_response({"status": "shipped"}))
    await zeebe.deploy(filled.models[face])

    ended = await zeebe.run(f"form-{face}", shopUrl=shop.url, orderId=7, note="hello")

    [asked] = shop.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/orders/7", '{"note":"hello"}')
    assert (asked.headers["X-Trace"], asked.headers["Authorization"]) == ("7", basic("ada", "t0k3n"))
    assert ended["answer"]["body"] == {"status": "shipped"}
    assert ended["order"] == {"status": "shipped"}  # the result expression of the example
