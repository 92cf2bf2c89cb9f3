"""A response to the variables of the completed job: the result variable, then the result expression over it.

What becomes of a failure is decided in `worker.pipeline.verdict`; how expressions are evaluated, in
`worker.pipeline.mapping`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from worker.pipeline.job_headers import JobHeaders
from worker.pipeline.mapping import Mapper
from worker.pipeline.output_size import OutputGuard
from worker.rest.request import RestResponse


@dataclass(slots=True)
class Output:
    """Variables for the process and their JSON text."""

    variables: dict[str, Any] = field(default_factory=dict)
    text: str = "{}"


async def output_of(
    response: RestResponse | None,
    headers: JobHeaders,
    mapper: Mapper,
    guard: OutputGuard,
    given: Mapping[str, Any] | None = None,
) -> Output:
    """The output variables of a response, besides those that are `given` by the dialect.

    Raises `JobFailure` when they cannot be made or are too large.
    """
    value = None if response is None else response.as_json()
    variables: dict[str, Any] = dict(given or {})
    if headers.result_variable is not None:
        variables[headers.result_variable] = value
    if headers.result_expression is not None:
        mapped = await mapper.evaluate("Result", headers.result_expression, [value, {"response": value}])
        if mapped is not None:
            if not variables:
                return Output(mapped[0], guard.checked(mapped[1]))
            variables |= mapped[0]
    return Output(variables, guard.text_of(variables)) if variables else Output()
