"""Applies the current templates to the example models again: `python -m tests.templates.update_examples`.

What the Modeler's "Update" does: values stay, fields that are new get their defaults.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.support.element_templates import FOLDER, template
from tests.support.npm import NodeTools, installed

EXAMPLES = sorted((FOLDER / "examples").glob("*.bpmn"))
TASK = re.compile(r'<bpmn:serviceTask id="([^"]+)"[^>]* zeebe:modelerTemplate="([^"]+)"')


def updated(modeler: NodeTools) -> dict[Path, str]:
    """The text of each example with the current templates applied."""
    known = {content["id"]: content for content in map(template, ("native", "compatible"))}
    texts = [file.read_text(encoding="utf-8") for file in EXAMPLES]
    jobs = [
        {
            "diagram": text,
            "steps": [{"template": json.dumps(known[name]), "element": task} for task, name in TASK.findall(text)],
        }
        for text in texts
    ]
    applied = modeler.run("apply.mjs", given=jobs)
    return {file: text.rstrip() + "\n" for file, text in zip(EXAMPLES, applied, strict=True)}


if __name__ == "__main__":
    for file, text in updated(installed(Path(__file__).parents[1] / "modeler")).items():
        file.write_text(text, encoding="utf-8")
