"""Functions on numbers. The arithmetic itself is in `worker/feel/numbers.py`."""

from __future__ import annotations

import decimal
import math
from decimal import Decimal
from typing import Any

from worker.feel import numbers
from worker.feel.errors import IllegalArguments
from worker.feel.evaluation import Evaluation
from worker.feel.numbers import Number
from worker.feel.temporal import DaysDuration, YearsDuration

from .registry import Family

NUMBERS = Family("number")

_MODES = {
    "UP": decimal.ROUND_UP,
    "DOWN": decimal.ROUND_DOWN,
    "CEILING": decimal.ROUND_CEILING,
    "FLOOR": decimal.ROUND_FLOOR,
    "HALF_UP": decimal.ROUND_HALF_UP,
    "HALF_DOWN": decimal.ROUND_HALF_DOWN,
    "HALF_EVEN": decimal.ROUND_HALF_EVEN,
}


def _result(number: Number | None) -> Number:
    if number is None:
        raise IllegalArguments("the result is no number within the bounds")
    return number


def _round(number: Number, scale: Number, rounding: str) -> Number:
    places = int(scale)
    rounded = numbers.round_to(number, places, rounding)
    if rounded is None:
        raise IllegalArguments(f"Failed to apply rounding mode '{rounding[6:]}': scale '{scale}' is out of range")
    return rounded


@NUMBERS.builtin(
    "decimal",
    "n: number",
    "scale: number",
    summary="Rounded half-even to a number of digits after the point.",
    examples=[("decimal(1/3, 2)", "0.33"), ("decimal(2.5, 0)", "2")],
)
def _decimal(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_HALF_EVEN)


@NUMBERS.builtin(
    "decimal",
    "n: number",
    "scale: number",
    "mode: string",
    summary="Rounded with a mode: UP, DOWN, CEILING, FLOOR, HALF_UP, HALF_DOWN, HALF_EVEN or UNNECESSARY.",
    examples=[('decimal(1.5, 0, "HALF_UP")', "2")],
)
def _decimal_with_mode(_: Evaluation, n: Number, scale: Number, mode: str) -> Number:
    name = mode.upper()
    if name == "UNNECESSARY":
        rounded = _round(n, scale, decimal.ROUND_DOWN)
        if rounded != n:
            raise IllegalArguments("Failed to apply rounding mode 'UNNECESSARY': Rounding necessary")
        return rounded
    if name not in _MODES:
        names = ", ".join([*_MODES, "UNNECESSARY"])
        raise IllegalArguments(f"Illegal argument '{mode}' for rounding mode. Must be one of: {names}")
    return _round(n, scale, _MODES[name])


@NUMBERS.builtin(
    "floor",
    "n: number",
    summary="The greatest whole number that is not above n.",
    examples=[("floor(1.5)", "1"), ("floor(-1.5)", "-2")],
)
def _floor(_: Evaluation, n: Number) -> Number:
    return _round(n, 0, decimal.ROUND_FLOOR)


@NUMBERS.builtin(
    "floor",
    "n: number",
    "scale: number",
    aliases={"scala": "scale"},
    summary="Rounded down to a number of digits after the point.",
    examples=[("floor(-1.56, 1)", "-1.6")],
)
def _floor_to(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_FLOOR)


@NUMBERS.builtin(
    "ceiling",
    "n: number",
    summary="The least whole number that is not below n.",
    examples=[("ceiling(1.5)", "2"), ("ceiling(-1.5)", "-1")],
)
def _ceiling(_: Evaluation, n: Number) -> Number:
    return _round(n, 0, decimal.ROUND_CEILING)


@NUMBERS.builtin(
    "ceiling",
    "n: number",
    "scale: number",
    summary="Rounded up to a number of digits after the point.",
    examples=[("ceiling(-1.56, 1)", "-1.5")],
)
def _ceiling_to(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_CEILING)


@NUMBERS.builtin(
    "round up",
    "n: number",
    "scale: number",
    summary="Rounded away from zero.",
    examples=[("round up(5.5, 0)", "6"), ("round up(-5.5, 0)", "-6"), ("round up(1.121, 2)", "1.13")],
)
def _round_up(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_UP)


@NUMBERS.builtin(
    "round down",
    "n: number",
    "scale: number",
    summary="Rounded toward zero.",
    examples=[("round down(5.5, 0)", "5"), ("round down(1.129, 2)", "1.12")],
)
def _round_down(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_DOWN)


@NUMBERS.builtin(
    "round half up",
    "n: number",
    "scale: number",
    summary="Rounded to the nearest, halves away from zero.",
    examples=[("round half up(5.5, 0)", "6"), ("round half up(-5.5, 0)", "-6")],
)
def _round_half_up(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_HALF_UP)


@NUMBERS.builtin(
    "round half down",
    "n: number",
    "scale: number",
    aliases={"scala": "scale"},
    summary="Rounded to the nearest, halves toward zero.",
    examples=[("round half down(5.5, 0)", "5"), ("round half down(-5.5, 0)", "-5")],
)
def _round_half_down(_: Evaluation, n: Number, scale: Number) -> Number:
    return _round(n, scale, decimal.ROUND_HALF_DOWN)


@NUMBERS.builtin(
    "abs",
    "number: number | days and time duration | years and months duration",
    aliases={"n": "number"},
    summary="The size of a number or duration without its sign.",
    examples=[("abs(-10)", "10"), ('abs(@"-PT5H")', '@"PT5H"')],
)
def _abs(_: Evaluation, value: Any) -> Any:
    if isinstance(value, DaysDuration):
        return DaysDuration(abs(value.nanoseconds))
    if isinstance(value, YearsDuration):
        return YearsDuration(abs(value.months))
    return value.copy_abs() if isinstance(value, Decimal) else abs(value)


@NUMBERS.builtin(
    "modulo",
    "dividend: number",
    "divisor: number",
    summary="The rest of a division, with the sign of the divisor.",
    examples=[("modulo(12, 5)", "2"), ("modulo(-12, 5)", "3"), ("modulo(12, -5)", "-3")],
)
def _modulo(_: Evaluation, dividend: Number, divisor: Number) -> Number:
    rest = numbers.remainder(dividend, divisor)
    moved = None if rest is None else numbers.add(rest, divisor)
    return _result(None if moved is None else numbers.remainder(moved, divisor))


@NUMBERS.builtin(
    "sqrt",
    "number: number",
    summary="The square root; null for a negative number.",
    examples=[("sqrt(16)", "4.0")],
)
def _sqrt(_: Evaluation, number: Number) -> Number | None:
    return None if number < 0 else _result(numbers.from_float(math.sqrt(numbers.to_float(number))))


@NUMBERS.builtin(
    "log",
    "number: number",
    summary="The natural logarithm; null if the number is not positive.",
    examples=[("log(1)", "0.0")],
)
def _log(_: Evaluation, number: Number) -> Number:
    value = numbers.to_float(number)
    return _result(numbers.from_float(math.log(value) if value > 0 else math.nan))


@NUMBERS.builtin(
    "exp",
    "number: number",
    summary="Euler's number to the power of a number.",
    examples=[("exp(0)", "1.0")],
)
def _exp(_: Evaluation, number: Number) -> Number:
    try:
        return _result(numbers.from_float(math.exp(numbers.to_float(number))))
    except OverflowError:
        raise IllegalArguments("the result is too large") from None


@NUMBERS.builtin(
    "odd",
    "number: number",
    summary="Whether a number is odd; false for fractions.",
    examples=[("odd(5)", "true"), ("odd(1.5)", "false")],
)
def _odd(_: Evaluation, number: Number) -> bool:
    whole = numbers.as_int(number)
    return whole is not None and whole % 2 == 1


@NUMBERS.builtin(
    "even",
    "number: number",
    summary="Whether a number is even; false for fractions.",
    examples=[("even(2)", "true")],
)
def _even(_: Evaluation, number: Number) -> bool:
    whole = numbers.as_int(number)
    return whole is not None and whole % 2 == 0


@NUMBERS.builtin(
    "random number",
    summary="A random number from 0 up to, but not including, 1.",
    examples=[("random number()", "0.9701618132579795")],
    inexact=True,
)
def _random_number(evaluation: Evaluation) -> Number:
    return _result(numbers.from_float(evaluation.random.random()))
