"""What is wrong with the JSON of a job that somebody wrote down, in words for them."""

from __future__ import annotations

from pydantic import BaseModel, ValidationError


def faults_of(problem: ValidationError, model: type[BaseModel]) -> str:
    """One sentence for each fault; for a member that `model` does not have, those that it has. Shows no value."""
    known = ", ".join(field.alias or name for name, field in model.model_fields.items())
    faults = []
    for error in problem.errors():
        unknown = error["type"] == "extra_forbidden"
        said = f"a job has no such member, but {known}" if unknown else error["msg"]
        faults.append(f"{'.'.join(map(str, error['loc'])) or 'the job'}: {said}")
    return "; ".join(faults)
