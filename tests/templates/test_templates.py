"""The element templates are valid for the Modeler."""

from __future__ import annotations

from pathlib import Path

from tests.support.npm import NodeTools

TEMPLATES = sorted((Path(__file__).parents[2] / "templates").glob("rest-*.json"))


def test_the_modeler_accepts_every_template(modeler: NodeTools) -> None:
    verdicts = modeler.run("validate.mjs", *TEMPLATES)

    assert len(verdicts) == len(TEMPLATES) == 3
    assert [verdict for verdict in verdicts if not verdict["valid"]] == []
