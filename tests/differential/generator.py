"""Expressions for both engines to answer: a seeded grammar over typed arguments.

Most parts get the type they ask for and some do not, since nearly all surprises of FEEL are in what happens to
the wrong type. Results that vary (clock, random) are left out. `mutation.py` makes texts that are hardly FEEL.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from worker.feel.builtins import TABLE
from worker.feel.builtins.registry import Builtin

VARYING = frozenset({"now", "today", "random number", "uuid", "backoff", "createDocument"})
ADDED = frozenset({"cycle", "fromAi", "from base64"})
"""Functions that the original lacks in the version asked; `deviations.json` names them."""
SURPRISE = 0.12
"""How often a part has any type at all instead of the one that is asked for."""

CONTEXT: dict[str, Any] = {
    "n": 7,
    "m": -3,
    "x": 2.5,
    "zero": 0,
    "big": 12345678901234567890,
    "s": "hello",
    "blank": "",
    "u": "é😀ß",
    "num": "42",
    "yes": True,
    "no": False,
    "nothing": None,
    "xs": [1, 2, 3, 4],
    "ss": ["b", "a", "c"],
    "os": [{"id": 1, "p": 10.5}, {"id": 2, "p": 3}, {"id": 3, "p": None}],
    "none": [],
    "o": {"a": 1, "b": {"c": "deep"}, "k k": 3},
    "empty": {},
    "day": {"@feel": "date", "value": "2024-02-29"},
    "clock": {"@feel": "time", "value": "10:30:00"},
    "moment": {"@feel": "date and time", "value": "2024-02-29T10:30:00+01:00"},
    "span": {"@feel": "days and time duration", "value": "P1DT2H"},
    "months": {"@feel": "years and months duration", "value": "P1Y2M"},
}

TYPED_VARIABLES = {
    "date": "day",
    "time": "clock",
    "date and time": "moment",
    "days and time duration": "span",
    "years and months duration": "months",
}

ATOMS: dict[str, Sequence[str]] = {
    "null": ("null", "nothing", "missing", "o.missing"),
    "boolean": ("true", "false", "yes", "no"),
    "number": ("0", "1", "2", "-1", "3", "10", ".5", "1.50", "2.5", "100", "n", "m", "x", "zero", "big", "o.a", "007"),
    "string": (
        '"a"', '""', '"hello world"', '"A,B;C"', '"2024-02-29"', '"10:30:00"', '"P1D"', '"12.5"', '" trim "', '"é"',
        '"a+"', '"[a-c]"', '"(l+)o"', '"\\\\d"', '"Straße"', '","', '"."', "s", "blank", "u", "num", "o.b.c",
    ),
    "list": (
        "[]", "[1,2,3]", "[3,1,2,1]", '["a","b","a"]', "[true,false,null]", "[1,[2,[3]]]", "[null]", "[1,1.0,2]",
        '[@"P1D",@"P2D"]', "xs", "ss", "os", "none",
    ),
    "context": ("{}", "{a: 1}", '{a: "x", b: {c: 2}}', "o", "empty", "os[1]", '{key: "k", value: 1}', "{a: null}"),
    "date": ('@"2024-02-29"', '@"2023-12-31"', "day", 'date("2020-01-01")', '@"1999-01-31"'),
    "time": ('@"10:30:00"', '@"23:59:59.5"', "clock", '@"10:30:00Z"', '@"10:30:00+02:00"', '@"08:00:00@Europe/Paris"'),
    "date and time": (
        '@"2024-02-29T10:30:00"', '@"2023-12-31T23:59:59"', "moment", '@"2024-03-31T02:30:00@Europe/Berlin"',
        '@"2024-07-01T12:00:00Z"', 'date and time("2024-01-01")',
    ),
    "days and time duration": ('@"P1D"', '@"-PT1.5S"', '@"PT36H"', "span", '@"PT0S"', '@"PT90M"'),
    "years and months duration": ('@"P1Y2M"', '@"-P3M"', "months", '@"P0M"', '@"P14M"'),
    "range": ("[1..5]", "(1..5)", "]2..4[", "[2..4)", '[@"2024-01-01"..@"2024-12-31"]', '["a".."c"]', "[5..1]"),
    "function": ("function(a, b) a < b", "function(a, b) a > b", "function(a) a", "function() 1"),
}  # fmt: skip

INPUTS: dict[str, Sequence[Any]] = {
    "null": (None,),
    "boolean": (True, False),
    "number": (0, 1, 7, 2.5, -3),
    "string": ("a", "hello", ""),
    "list": ([], [1, 2], ["a"]),
    "context": ({}, {"a": 1}),
    **{name: (CONTEXT[variable],) for name, variable in TYPED_VARIABLES.items()},
}

TYPES = tuple(ATOMS)
TYPE_NAMES = (
    "Any", "number", "string", "boolean", "date", "time", "date and time", "list", "context", "range", "function",
    "days and time duration", "years and months duration", "unknown",
)  # fmt: skip
DURATIONS = ("days and time duration", "years and months duration")
PROPERTIES = (
    "a", "b", "id", "`k k`", "missing", "year", "month", "day", "weekday", "hour", "minute", "second", "time offset",
    "timezone", "years", "months", "days", "hours", "minutes", "seconds", "start", "value",
)  # fmt: skip
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")
ARITHMETIC = ("+", "-", "*", "/", "**")


Shape = Callable[[str, int], str]


class Generator:
    """An endless source of expressions; the same seed gives the same texts."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._functions = [
            each for overloads in TABLE.values() for each in overloads if each.name not in VARYING | ADDED
        ]
        self._everywhere: list[Shape] = [
            self._call,
            self._call,
            self._choice,
            self._filter,
            self._path,
            self._invocation,
        ]
        self._by_type: dict[str, list[Shape]] = {
            "boolean": [self._comparison, self._connective, self._membership, self._quantified, self._between],
            "number": [self._arithmetic, self._arithmetic, self._negation],
            "string": [self._arithmetic],
            "list": [self._list, self._loop, self._loop],
            "context": [self._context],
        }

    def expressions(self) -> Iterator[str]:
        """Expressions of every type, one to three levels deep."""
        while True:
            yield self._expression(self._type(), self._random.choice((1, 2, 2, 3)))

    def unary_tests(self) -> Iterator[tuple[str, Any]]:
        """Unary tests, each with an input value in the encoding of the corpus."""
        while True:
            kind = self._random.choice(tuple(INPUTS))
            tests = ", ".join(self._test(kind) for _ in range(self._random.choice((1, 1, 2))))
            yield (f"not({tests})" if self._random.random() < 0.2 else tests), self._random.choice(INPUTS[kind])

    def calls(self, each: int) -> Iterator[str]:
        """Every overload of every function, `each` times."""
        for function in self._functions:
            for _ in range(each):
                yield self._call_of(function, 1)

    @property
    def overloads(self) -> int:
        """How many overloads of functions there are to call."""
        return len(self._functions)

    def _type(self) -> str:
        return self._random.choice(TYPES)

    def _atom(self, kind: str) -> str:
        return self._random.choice(ATOMS[self._type() if self._random.random() < SURPRISE else kind])

    def _expression(self, kind: str, depth: int) -> str:
        if self._random.random() < SURPRISE:
            kind = self._type()
        if depth <= 0 or self._random.random() < 0.1:
            return self._atom(kind)
        shapes = self._everywhere + self._by_type.get(kind, [self._arithmetic, self._arithmetic]) * 2
        return self._random.choice(shapes)(kind, depth - 1)

    def _call(self, kind: str, depth: int) -> str:
        return self._call_of(self._random.choice(self._functions), depth)

    def _call_of(self, function: Builtin, depth: int) -> str:
        parameters = list(function.parameters)
        if function.variadic:
            parameters[-1:] = parameters[-1:] * self._random.choice((0, 1, 1, 2, 3))
        arguments = [self._argument(parameter.types, depth) for parameter in parameters]
        if parameters and not function.variadic and self._random.random() < 0.08:
            names = [parameter.name for parameter in parameters]
            kept = [
                f"{name}: {text}" for name, text in zip(names, arguments, strict=True) if self._random.random() < 0.9
            ]
            arguments = kept or arguments
        return f"{function.name}({', '.join(arguments)})"

    def _argument(self, types: frozenset[str], depth: int) -> str:
        kinds = sorted(types & set(TYPES)) or TYPES
        return self._expression(self._random.choice(kinds), depth if self._random.random() < 0.4 else 0)

    def _arithmetic(self, kind: str, depth: int) -> str:
        operator = "+" if kind == "string" else self._random.choice(ARITHMETIC)
        other = kind if kind in ("number", "string") or self._random.random() < 0.3 else self._arithmetic_partner(kind)
        left, right = self._operand(kind, depth), self._operand(other, depth)
        if operator == "**":
            right = self._random.choice(("2", "0", "-1", "3", "0.5", right))
        if other != kind and self._random.random() < 0.3:
            left, right = right, left
        return f"{left} {operator} {right}"

    def _arithmetic_partner(self, kind: str) -> str:
        return self._random.choice((*DURATIONS, kind, "number") if kind in DURATIONS else (*DURATIONS, kind))

    def _operand(self, kind: str, depth: int) -> str:
        return self._atom(kind) if depth <= 0 else f"({self._expression(kind, depth - 1)})"

    def _negation(self, kind: str, depth: int) -> str:
        return f"-{self._operand(kind, depth)}"

    def _comparison(self, kind: str, depth: int) -> str:
        kind = self._type()
        return f"{self._operand(kind, depth)} {self._random.choice(COMPARISONS)} {self._operand(kind, depth)}"

    def _between(self, kind: str, depth: int) -> str:
        kind = self._type()
        low, high = self._operand(kind, depth), self._operand(kind, depth)
        return f"{self._operand(kind, depth)} between {low} and {high}"

    def _connective(self, kind: str, depth: int) -> str:
        operator = self._random.choice(("and", "or"))
        return f"{self._operand('boolean', depth)} {operator} {self._operand('boolean', depth)}"

    def _membership(self, kind: str, depth: int) -> str:
        kind = self._type()
        if self._random.random() < 0.3:
            return f"{self._operand(kind, depth)} instance of {self._random.choice(TYPE_NAMES)}"
        tests = [self._test(kind) for _ in range(self._random.choice((1, 1, 2)))]
        return f"{self._operand(kind, depth)} in {tests[0] if len(tests) == 1 else '(' + ', '.join(tests) + ')'}"

    def _test(self, kind: str) -> str:
        low, high = self._operand(kind, 0), self._operand(kind, 0)
        forms = (
            f"{self._random.choice(COMPARISONS[2:])} {low}",
            f"{self._random.choice('[(]')}{low}..{high}{self._random.choice('])[')}",
            low,
            self._atom("list"),
            f"? {self._random.choice(COMPARISONS)} {low}",
            self._expression("boolean", 1),
        )
        return self._random.choice(forms)

    def _quantified(self, kind: str, depth: int) -> str:
        word = self._random.choice(("some", "every"))
        return f"{word} i in {self._items(depth)} satisfies {self._body(depth)}"

    def _loop(self, kind: str, depth: int) -> str:
        iterators = [f"i in {self._iterated(depth)}"]
        if self._random.random() < 0.25:
            iterators.append(f"j in {self._iterated(depth)}")
        return f"for {', '.join(iterators)} return {self._body(depth)}"

    def _iterated(self, depth: int) -> str:
        if self._random.random() < 0.3:
            return (
                f"{self._random.choice(('1', 'm', 'x', '3', '0'))}..{self._random.choice(('3', '1', 'n', '-2', 's'))}"
            )
        return self._items(depth)

    def _items(self, depth: int) -> str:
        return self._atom("list") if depth <= 0 else f"({self._expression('list', depth - 1)})"

    def _body(self, depth: int) -> str:
        operator = self._random.choice((*COMPARISONS, "+", "*"))
        forms = ("i", f"i {operator} {self._atom('number')}", f"i {operator} i", "count(partial)", "i.a", "i[1]",
                 self._expression(self._type(), depth - 1))  # fmt: skip
        return self._random.choice(forms)

    def _choice(self, kind: str, depth: int) -> str:
        condition = self._expression("boolean", depth - 1)
        return f"if {condition} then {self._expression(kind, depth - 1)} else {self._expression(kind, depth - 1)}"

    def _filter(self, kind: str, depth: int) -> str:
        operator = self._random.choice(COMPARISONS)
        conditions = ("1", "-1", "0", "n", "zero", "1.5", "item", f"item {operator} {self._atom('number')}",
                      f"id {operator} 2", f"p {operator} {self._atom('number')}", "odd(item)", "true", "i",
                      self._expression(self._random.choice(("boolean", "number")), depth - 1))  # fmt: skip
        return f"{self._items(depth)}[{self._random.choice(conditions)}]"

    def _path(self, kind: str, depth: int) -> str:
        owner = self._random.choice(("context", "list", "date", "time", "date and time", *DURATIONS))
        return f"{self._operand(owner, depth)}.{self._random.choice(PROPERTIES)}"

    def _invocation(self, kind: str, depth: int) -> str:
        body = self._random.choice(("a", "a + 1", "a = b", "[a, b]", self._expression(kind, depth - 1)))
        arguments = [self._expression(self._type(), depth - 1) for _ in range(self._random.choice((1, 2, 2)))]
        return f"{{f: function(a, b) {body}, r: f({', '.join(arguments)})}}.r"

    def _list(self, kind: str, depth: int) -> str:
        return f"[{', '.join(self._expression(self._type(), depth - 1) for _ in range(self._random.randrange(4)))}]"

    def _context(self, kind: str, depth: int) -> str:
        keys = self._random.sample(("a", "b", '"k k"', "c d"), self._random.randrange(4))
        return f"{{{', '.join(f'{key}: {self._expression(self._type(), depth - 1)}' for key in keys)}}}"
