"""Dates, times and durations of FEEL: values, texts, operators and properties.

The values are in `values.py`, the calendar below them in `calendar.py`, zones in `zones.py`. Functions of
expressions that work on them are in `worker/feel/builtins/temporal.py`.
"""

from .arithmetic import add, comparable, compare, divide, multiply, subtract
from .parsing import parse_at, parse_date, parse_date_time, parse_duration, parse_time
from .printing import to_json_function_text, to_json_text, to_string
from .properties import get_property, property_names
from .values import (
    TEMPORAL_TYPES,
    Date,
    DateTime,
    DaysDuration,
    Temporal,
    Time,
    YearsDuration,
    from_python,
    type_name,
)

__all__ = [
    "TEMPORAL_TYPES",
    "Date",
    "DateTime",
    "DaysDuration",
    "Temporal",
    "Time",
    "YearsDuration",
    "add",
    "comparable",
    "compare",
    "divide",
    "from_python",
    "get_property",
    "multiply",
    "parse_at",
    "parse_date",
    "parse_date_time",
    "parse_duration",
    "parse_time",
    "property_names",
    "subtract",
    "to_json_function_text",
    "to_json_text",
    "to_string",
    "type_name",
]
