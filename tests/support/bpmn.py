"""Writes small BPMN models for tests: one service task between start and end, and what goes around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.sax.saxutils import quoteattr

HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:modeler="http://camunda.org/schema/modeler/1.0"
    id="definitions" targetNamespace="http://bpmn.io/schema/bpmn" modeler:executionPlatform="Camunda Cloud"
    modeler:executionPlatformVersion="{platform}">
"""


@dataclass(frozen=True, slots=True)
class ServiceTask:
    """A task as an element template writes it."""

    id: str = "call"
    job_type: str = "rest-connector"
    headers: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, str] = field(default_factory=dict)
    retries: str = "3"
    template: tuple[str, str | None] | None = None
    extra: str = ""  # more extension elements

    def xml(self, incoming: str, outgoing: str) -> str:
        template = ""
        if self.template is not None:
            template = f" zeebe:modelerTemplate={quoteattr(self.template[0])}"
            if self.template[1] is not None:
                template += f" zeebe:modelerTemplateVersion={quoteattr(self.template[1])}"
        inputs = "\n".join(
            f"<zeebe:input source={quoteattr(source)} target={quoteattr(target)}/>"
            for target, source in self.inputs.items()
        )
        headers = "\n".join(
            f"<zeebe:header key={quoteattr(key)} value={quoteattr(value)}/>" for key, value in self.headers.items()
        )
        return f"""<bpmn:serviceTask id="{self.id}"{template}><bpmn:extensionElements>
<zeebe:taskDefinition type={quoteattr(self.job_type)} retries={quoteattr(self.retries)}/>
{f"<zeebe:ioMapping>{inputs}</zeebe:ioMapping>" if inputs else ""}
{f"<zeebe:taskHeaders>{headers}</zeebe:taskHeaders>" if headers else ""}{self.extra}
</bpmn:extensionElements><bpmn:incoming>{incoming}</bpmn:incoming><bpmn:outgoing>{outgoing}</bpmn:outgoing>
</bpmn:serviceTask>"""


def sequence(
    *tasks: ServiceTask, process: str = "process", platform: str = "8.6.0", inside: str = "", beside: str = ""
) -> str:
    """A model of tasks one after the other; `inside` goes into the process, `beside` it next to it."""
    ids = ["start", *(task.id for task in tasks), "end"]
    flows = [f"flow-{number}" for number in range(len(ids) - 1)]
    steps = [task.xml(incoming, outgoing) for task, incoming, outgoing in zip(tasks, flows, flows[1:], strict=False)]
    arrows = [
        f'<bpmn:sequenceFlow id="{flow}" sourceRef="{one}" targetRef="{other}"/>'
        for flow, one, other in zip(flows, ids, ids[1:], strict=False)
    ]
    return "\n".join(
        [
            HEAD.format(platform=platform) + beside,
            f'<bpmn:process id="{process}" isExecutable="true">',
            f'<bpmn:startEvent id="start"><bpmn:outgoing>{flows[0]}</bpmn:outgoing></bpmn:startEvent>',
            *steps,
            *arrows,
            f'<bpmn:endEvent id="end"><bpmn:incoming>{flows[-1]}</bpmn:incoming></bpmn:endEvent>',
            f"{inside}</bpmn:process>",
            _diagram(process, ids),
            "</bpmn:definitions>",
        ]
    )


def _diagram(process: str, ids: list[str]) -> str:
    """Where the elements stand; the Modeler opens no model without."""
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{id}-shape" bpmnElement="{id}">'
        f'<dc:Bounds x="{150 * number}" y="100" width="100" height="80"/></bpmndi:BPMNShape>'
        for number, id in enumerate(ids)
    )
    plane = f'<bpmndi:BPMNPlane id="plane" bpmnElement="{process}">{shapes}</bpmndi:BPMNPlane>'
    return f'<bpmndi:BPMNDiagram id="diagram">{plane}</bpmndi:BPMNDiagram>'


def error_boundary(attached_to: str, error: str) -> str:
    """A boundary event that catches the error of an id, and an end behind it."""
    return f"""<bpmn:boundaryEvent id="catch-{error}" attachedToRef="{attached_to}">
<bpmn:outgoing>to-{error}</bpmn:outgoing><bpmn:errorEventDefinition id="definition-{error}" errorRef="{error}"/>
</bpmn:boundaryEvent><bpmn:sequenceFlow id="to-{error}" sourceRef="catch-{error}" targetRef="end-{error}"/>
<bpmn:endEvent id="end-{error}"><bpmn:incoming>to-{error}</bpmn:incoming></bpmn:endEvent>"""


def error(id: str, code: str) -> str:
    """The declaration of a BPMN error."""
    return f'<bpmn:error id="{id}" name="{id}" errorCode="{code}"/>'
