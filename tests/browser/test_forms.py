"""The forms of the templates in the Modeler: filled in a browser as a user would, exported, run on the real engine.

The pictures go to `.cache/modeler/pictures`; `make pictures` takes them over into the documentation.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.support.element_templates import FOLDER, template
from tests.support.npm import NodeTools
from tests.support.parts import need
from tests.support.zeebe import Zeebe
from tests.templates.shop import Shop, basic
from worker.cli import main

pytestmark = [pytest.mark.live, pytest.mark.timeout(900)]

FACES = ("native", "compatible")
FIELDS = [  # group, label, value
    ("endpoint", "Method", "POST"),
    ("endpoint", "URL", '=shopUrl + "/orders/" + string(orderId)'),
    ("endpoint", "Headers", '={"X-Trace": string(orderId)}'),
    ("authentication", "Type", "Basic"),
    ("authentication", "Username", "ada"),
    ("authentication", "Password", "{{secrets.SHOP_TOKEN}}"),
    ("payload", "Body", "={note: note}"),
    ("output", "Result variable", "answer"),
]


@pytest.fixture(scope="module")
def exported(modeler: NodeTools, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The models that the browser exported, by face."""
    need("chromium", reason="the forms are filled in a browser")
    pictures = modeler.folder / "pictures"
    pictures.mkdir(exist_ok=True)
    model = (FOLDER / "examples" / "order-lookup.bpmn").read_text(encoding="utf-8")
    tasks: list[dict[str, Any]] = [
        {
            "diagram": model.replace("order-lookup", f"form-{face}"),
            "templates": [template("native"), template("compatible")],
            "template": template(face)["id"],
            "element": "get-order",
            "fields": FIELDS,
            "picture": str(pictures / f"template-{face}.png"),
        }
        for face in FACES
    ]
    done = modeler.run("form.mjs", str(shutil.which("chromium")), given=tasks)
    folder = tmp_path_factory.mktemp("exported")
    files = {face: folder / f"form-{face}.bpmn" for face in FACES}
    for file, each in zip(files.values(), done, strict=True):
        assert each["faults"] == []
        file.write_text(each["xml"], encoding="utf-8")
    return files


@pytest.mark.parametrize("face", FACES)
def test_nothing_is_wrong_with_what_a_user_fills_in(
    exported: dict[str, Path], face: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(exported[face])]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("face", FACES)
async def test_what_a_user_fills_in_runs_on_the_real_engine(
    exported: dict[str, Path],
    face: str,
    zeebe: Zeebe,
    shop: Shop,
) -> None:
    shop.answer("/orders/7", web.json_response({"status": "shipped"}))
    await zeebe.deploy(exported[face])

    ended = await zeebe.run(f"form-{face}", shopUrl=shop.url, orderId=7, note="hello")

    [asked] = shop.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/orders/7", '{"note":"hello"}')
    assert (asked.headers["X-Trace"], asked.headers["Authorization"]) == ("7", basic("ada", "t0k3n"))
    assert ended["answer"]["body"] == {"status": "shipped"}
    assert ended["order"] == {"status": "shipped"}  # the result expression of the example
