"""Exact decimal arithmetic as the engine does it, on `int` and `Decimal`.

Results are rounded half-even to 34 digits, or to as many as the left operand has if these are more.
Scale is part of a number (`1.50`), and numbers never become infinite, NaN or negative zero. Operations
without a result, or with one beyond the exponents allowed, return None.
"""

from __future__ import annotations

import decimal
import math
from decimal import Decimal

Number = int | Decimal

PRECISION = 34
MAX_EXPONENT = 6144
"""Bound of a result's adjusted exponent; keeps conversions to `int` and text small."""
MAX_POWER = 999_999
MIN_SCALE, MAX_SCALE = -6111, 6176
MAX_DIGITS = 4300
"""Digits of a number from outside; Python's own bound between int and text."""

_EXACT_INT = 10**PRECISION
_BIG_INT = 10**MAX_DIGITS
_TINY_FLOAT, _BIG_FLOAT = 1e-3, 1e7


def _context(precision: int) -> decimal.Context:
    return decimal.Context(
        prec=precision,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=decimal.MIN_EMIN,
        Emax=decimal.MAX_EMAX,
        capitals=1,
        clamp=0,
        flags=[],
        traps=[],
    )


WIDE = _context(30_000)
"""Exact for all numbers that can occur: for rounding to a scale and for comparing."""
_USUAL = _context(PRECISION)
# Threads share these two: an operation only adds flags to them, which nobody reads.


def digits(number: Number) -> int:
    """Significant digits written down, trailing zeros included."""
    if type(number) is int:
        return PRECISION if -_EXACT_INT < number < _EXACT_INT else len(str(abs(number)))
    return len(number.as_tuple().digits)  # type: ignore[union-attr]


def _precision(left: Number) -> int:
    """Digits of a result: more than usual for a left operand that has more, but not for zeros of its fraction.

    Rounding to a large scale appends such zeros; the original does not count them.
    """
    if len(str(left)) <= PRECISION:  # quicker than counting digits
        return PRECISION
    _, shown, exponent = Decimal(left).as_tuple()
    zeros = len(shown) - len(bytes(shown).rstrip(b"\0"))
    return max(PRECISION, len(shown) - min(zeros, max(0, -int(exponent))))


def _context_for(left: Number) -> decimal.Context:
    precision = _precision(left)
    return _USUAL if precision == PRECISION else _context(precision)


def bounded(result: Decimal) -> Number | None:
    """The result without negative zero; None if it is no number or its exponent is beyond the bounds."""
    if not result.is_finite():
        return None
    if not result:
        return result.copy_abs() if abs(result.adjusted()) <= 2 * MAX_EXPONENT else 0
    return result if -MAX_EXPONENT <= result.adjusted() <= MAX_EXPONENT else None


def add(left: Number, right: Number) -> Number | None:
    """left + right"""
    if type(left) is int and type(right) is int:
        total = left + right
        if -_EXACT_INT < total < _EXACT_INT:
            return total
    return bounded(_context_for(left).add(Decimal(left), Decimal(right)))


def subtract(left: Number, right: Number) -> Number | None:
    """left - right"""
    if type(left) is int and type(right) is int:
        total = left - right
        if -_EXACT_INT < total < _EXACT_INT:
            return total
    return bounded(_context_for(left).subtract(Decimal(left), Decimal(right)))


def multiply(left: Number, right: Number) -> Number | None:
    """left * right"""
    if type(left) is int and type(right) is int:
        product = left * right
        if -_EXACT_INT < product < _EXACT_INT:
            return product
    return bounded(_context_for(left).multiply(Decimal(left), Decimal(right)))


def divide(left: Number, right: Number) -> Number | None:
    """left / right; None for a divisor of zero."""
    if not right:
        return None
    if type(left) is int and type(right) is int and -_EXACT_INT < left < _EXACT_INT:
        quotient, rest = divmod(left, right)
        if not rest:
            return quotient
    return bounded(_context_for(left).divide(Decimal(left), Decimal(right)))


def remainder(left: Number, right: Number) -> Number | None:
    """The rest of a division, with the sign of left; None for zero, or a quotient of too many digits."""
    if not right:
        return None
    if type(left) is int and type(right) is int and abs(left) < _EXACT_INT:
        rest = abs(left) % abs(right)
        return -rest if left < 0 else rest
    return bounded(_context_for(left).remainder(Decimal(left), Decimal(right)))


def negate(number: Number) -> Number:
    """-number, with all its digits."""
    return -number if type(number) is int else number.copy_negate() if number else number  # type: ignore[union-attr]


def power(base: Number, exponent: Number) -> Number | None:
    """base ** exponent: whole exponents exactly, others through binary doubles."""
    whole = as_int(exponent)
    if whole is None:
        return from_float(_float_power(to_float(base), to_float(exponent)))
    if abs(whole) > MAX_POWER or (not base and whole < 0):
        return None
    if whole == 0:
        return 1
    if not base:
        return bounded(Decimal((0, (0,), int(Decimal(base).as_tuple().exponent) * whole)))
    if isinstance(base, int) and whole > 0 and base.bit_length() * whole <= 112:
        return int(base**whole)
    size = abs(Decimal(base).adjusted()) + 1
    if size * abs(whole) > 100 * MAX_EXPONENT and Decimal(base).copy_abs() > 1:
        return None
    precision = _precision(base)
    result = _context(precision + 8).power(Decimal(base), Decimal(whole))
    rounded = _context(precision).plus(result)
    if whole < 0 and rounded.is_finite():
        rounded = _shortest(rounded, Decimal(base), whole, precision)
    return bounded(rounded)


def _shortest(result: Decimal, base: Decimal, exponent: int, precision: int) -> Decimal:
    """An exact result of a negative power without the zeros that the working digits left behind."""
    if result and len(result.as_tuple().digits) == precision:
        return _context(precision).normalize(result)
    return result


def _float_power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except (ValueError, OverflowError):
        return math.nan


def as_int(number: Number) -> int | None:
    """The number as int if it is whole."""
    if isinstance(number, int):
        return number
    return int(number) if number == number.to_integral_value() else None


def distance(low: Number, high: Number) -> int:
    """How many whole steps lie between two numbers."""
    return int(WIDE.subtract(Decimal(high), Decimal(low)).copy_abs())


def to_float(number: Number) -> float:
    """The nearest double; infinite beyond the doubles."""
    try:
        return float(number)
    except OverflowError:
        return math.inf if number > 0 else -math.inf


def from_float(value: float) -> Decimal | None:
    """The decimal of a double's shortest text as the original writes it; None for NaN and infinity."""
    if _TINY_FLOAT <= abs(value) < _BIG_FLOAT:
        return Decimal(repr(value))
    if not math.isfinite(value):
        return None
    if not value:
        return Decimal("0.0")
    sign, shown, exponent = WIDE.normalize(Decimal(repr(value))).as_tuple()
    if len(shown) == 1:  # scientific notation has at least one digit after the point
        shown, exponent = (*shown, 0), int(exponent) - 1
    return Decimal((sign, shown, int(exponent)))


def from_outside(number: Number) -> Number | None:
    """A number of the caller's: None if it is not finite or has too many digits."""
    if isinstance(number, Decimal):
        if not number.is_finite() or abs(number.adjusted()) > 2 * MAX_EXPONENT or digits(number) > MAX_DIGITS:
            return None
        return Decimal(number) if number else Decimal(number).copy_abs()
    number = int(number)
    return number if -_BIG_INT < number < _BIG_INT else None


def round_to(number: Number, scale: int, rounding: str) -> Number | None:
    """Rounded to `scale` digits after the point; None for a scale beyond the bounds."""
    if not MIN_SCALE <= scale <= MAX_SCALE:
        return None
    return bounded(Decimal(number).quantize(Decimal((0, (1,), -scale)), rounding, WIDE))
