"""Recorded expressions with parts exchanged along their syntax tree: still well formed, but another question.

A part becomes a value from the edges of its type, a part of another expression, or stands inside another form;
operators change, calls get other names, arguments come, go and become null or named. `mutation.py` cuts texts without
regard for their grammar, `generator.py` writes new ones.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from functools import cache

from tests.conformance.feel_corpus import Case
from tests.differential.comparison import Question
from tests.differential.generator import ADDED, VARYING
from worker.feel import DEFAULT_LIMITS, FeelError, syntax, type_name
from worker.feel.builtins import TABLE
from worker.feel.parser import parse_expression, parse_unary_tests

EDGES: dict[str, Sequence[str]] = {
    "null": ("null", "nosuch", "nosuch.a", "{a: 1}.b", "date(\"2023-02-29\")", "[][1]", "nosuch(1)", "null.a"),
    "boolean": ("true", "false", "null = 1", "1 < null", "not(null)", "1 in [1..1]", "some i in [] satisfies i"),
    "number": (
        "0", "-0", "0.0", "0.00", "1", "2", "3", "10", "1.0", "1.00", "-1", "-2", "-0.5", "0.5", "1.5", "2.5", "-2.5",
        "3.14", "100", "1.10",
        "0.000001", "0.0000001", "10**-7", "9999999999", "2147483647", "2147483648", "-2147483649", "9007199254740993",
        "9223372036854775808", "1/3", "-2/3", "10**20", "1.0E1", "12345678901234567890123456789012345678",
        "1000000000000.0",
        "1234567890.123456789012345678901234567890", "round up(n, 100)", "0.1 + 0.2", "99.995", "1e0", ".5", "007",
        "0.99999999999999999999999999999999999", "10000000.0", "2 ** 0.5", "365", "12", "24", "60", "-999999999",
        "999999999",
    ),
    "string": (
        '"a"', '"A"', '""', '" "', '" a "', '"ß"', '"İ"', '"ﬃ"', '"é"', '"e\u0301"', '"😀"', '"a😀b"', '"\\n"',
        '"\\t\\t"',
        '"\\"q\\""', '"\\\\"', '"\\u0041"', '"\\d"', '"a\\\\b"', '"null"', '"1"', '"1e3"', '"-1,5"', '"1.000,5"',
        '"1 000"', '"0x10"',
        '"[a-z]+"', '"(a)(b)?"', '"^a|b$"', '"(?i)A"', '"\\s*,\\s*"', '"\\w+@\\w+"', '"["', '"*"', '"a{2}"',
        '"(?<x>a)"', '"(?<!a)b"', '"(a)\\1"',
        '"$1"', '"$0"', '"${x}"', '"$"', '"\\$1"', '"."', '".*"', '"x*"', '"\\b"', '"\\p{L}"', '"[^,]*"', '"(?=a)"',
        '"\\R"', '"[a-z&&[^b]]"',
        '"i"', '"smix"', '"q"', '"ix"', '","', '"UP"', '"half_even"', '"YQ=="', '"YQ"',
        '"{\\"a\\": [1, 2.50, null]}"', '"[1"', '"a\u00a0b"',
        '"2024-02-29"', '"2024-02-30"', '"10:30:00@Europe/Paris"', '"2024-02-29T10:30:00.5+02:00"', '"P1Y2M"',
        '"-PT1H"', '"P1DT1,5S"', '"+1"',
        'substring("😀", 1, 1)', 'substring("😀", 2)', '"\u2028"', '"a//b"', '"/* c */"', '"Europe/Berlin"', '"UTC"',
        '"+02:00"', '"٣"',
    ),
    "date": (
        'date("2024-02-29")', '@"2023-02-28"', '@"2024-12-31"', '@"2025-01-01"', '@"999999999-12-31"',
        '@"-999999999-01-01"',
        '@"0000-01-01"', '@"-0001-03-01"', '@"10000-01-01"', '@"1582-10-10"', 'date("2024-1-1")', 'date(2024, 2, 29)',
        '@"2024-01-31"',
        '@"2020-12-31"', '@"2021-01-03"', '@"1970-01-01"', '@"0001-01-01"', '@"-9999-12-31"',
    ),
    "time": (
        '@"24:00:00"', '@"00:00:00"', '@"23:59:59.999999999"', '@"10:30"', '@"10:30:00.120"', '@"10:30:00+18:00"',
        '@"00:00:00-18:00"',
        '@"10:30:00-00:30"', '@"10:30:00Z"', '@"10:30:00@Europe/Berlin"', '@"10:30:00@America/New_York"',
        '@"10:30:00@UTC"', '@"10:30:00@Asia/Kolkata"',
        'time("T10:30:00")', 'time("10:30:00+19:00")', 'time("10:30:00@Mars/Base")', '@"10:30:00@Etc/UTC"',
        'time(10, 30, 15.5)', 'time(10, 30, 0, @"PT2H")',
    ),
    "date and time": (
        '@"2024-02-29T24:00:00"', '@"2024-03-31T02:30:00@Europe/Berlin"', '@"2024-10-27T02:30:00@Europe/Berlin"',
        '@"2024-10-27T02:30:00+01:00"',
        '@"2024-07-01T12:00:00+02:00[Europe/Berlin]"', '@"999999999-12-31T23:59:59"', '@"-999999999-01-01T00:00:00Z"',
        '@"2024-01-31T00:00:00"',
        '@"2024-12-31T23:59:59.999999999Z"', '@"1900-01-01T00:00:00@Europe/Amsterdam"', 'date and time("2024-02-29")',
        '@"2024-11-03T01:30:00@America/New_York"',
        '@"2024-02-29T10:30:00+05:30"', 'date and time(@"2024-01-01", @"10:30:00Z")',
        'date and time(@"2024-07-01T10:00:00", "Europe/Berlin")',
        '@"2050-07-01T12:00:00@Europe/Berlin"', '@"2011-12-30T10:00:00@Pacific/Apia"', '@"0000-01-01T00:00:00Z"',
        '@"12345-01-01T10:00:00"',
    ),
    "days and time duration": (
        '@"PT0S"', '@"-P1D"', '@"PT0.000000001S"', '@"-PT0.5S"', '@"P1DT23H59M59.999S"', '@"PT2562047H"', '@"P20D"',
        '@"P25D"', 'duration("-P-1D")',
        'duration("pt1h")', '@"PT0.0005S"', '@"PT59.9999S"', '@"P365D"', '@"PT1M"', '@"PT90061S"', '@"-PT25H"',
        '@"2024-03-01" - @"2024-02-28"',
    ),
    "years and months duration": (
        '@"P0M"', '@"P13M"', '@"-P1Y1M"', '@"P999999999Y"', '@"P1M"', '@"P11M"', '@"-P1M"', '@"P100Y"',
        'duration("P1Y1D")', '@"P1Y-3M"',
        'years and months duration(@"2024-01-31", @"2024-02-29")', '@"P2147483647M"',
    ),
    "list": (
        "[]", "[null]", "[[]]", "[[1]]", "[{}]", "[1]", '["a"]', "[1,2,3]", "[3,1,2]", '["a","b"]', "[1,[2,[3,[]]]]",
        "[1,null,2]", '[1,"a",true]',
        "[{a:1},{a:2},{b:3}]", "[1,1.0,1.00]", '[@"P1D",@"P1Y"]', '[@"2024-01-01",@"2023-01-01"]', "[true,null]",
        "[[1,2],[3]]", "[1.50,2]", "[{x:1,y:2}]",
        '[{key:"a",value:1}]', '["b","","A","é","😀","\uffff"]', "for i in 1..5 return i", "for i in 3..1 return i/2",
        "[true,false]", "[0.1,0.20,3]",
        '[@"10:00:00Z",@"10:00:00+01:00"]', "[[1],[1.0],[2]]", "[{a:1},{a:1.0}]", "[function(a) a]", "[1,2,2,3,3]",
        "[-1,1,-1.0]",
    ),
    "context": (
        "{}", "{a: null}", "{a:1,b:{c:[1]}}", '{"k k":1}', "{a:1,a:2}", '{key:"a",value:1}', "{a:{b:{c:1}}}",
        "{f: function(x) x, a: 1}",
        "{item: 2}", "{`a b`: 1}", "{1: 2}", "{a: {a: 1}.a}", "{x: 1, y: x + 1}"),
    "range": (
        "[1..3]", "(1..3]", '["a".."c"]', "[3..1]", "]1..1[", "[1..1]", '[@"2024-01-01"..@"2024-12-31"]',
        '[@"PT1H"..@"PT2H"]', "[-1..1.5)",
        '[@"10:00:00Z"..@"11:00:00Z"]', "[null..1]", '[@"P1M".."P2M"]', "[1+1..2*3]",
        '[@"2024-01-01T00:00:00"..@"2024-01-02T00:00:00"]',
    ),
    "function": (
        "function(a) a", "function(a,b) a < b", "function() 1", "function(x, y) x > y", "function(a, b) null",
        "function(a,b) string(a) < string(b)",
    ),
}  # fmt: skip
WRAPPERS = (
    "[{}]", "[[{}]]", "[{}, null]", "{{a: {}}}", "{{a: {}}}.a", "string({})", "not({})", "-({})", "({})[1]", "({})[-1]",
    "({}).a", "({}).value", "({})[item = null]", "({})[item != 1]", "({})[true]", "for i in ({}) return i", "count({})",
    "for i in ({}) return [i, partial]", "some i in ({}) satisfies i", "every i in ({}) satisfies i = 1", "({}) = ({})",
    "if {} then 1 else 2", "({}) instance of Any", "({}) instance of number", "get or else({}, 1)", "is defined({})",
    "to json({})", "({}) in [1..3]", "({}) in ({})", "list contains([1, {}], {})", "{{f: function(a) {}}}.f(1)",
    "is empty({})",
    "({}) between 1 and 3", "({}) + ({})", "({}) - ({})", "({}) * 2", "({}) / 2", "({}) ** 2", "sum({})", "min({})",
    "max([{}])",
    "flatten([{}, [{}]])", "distinct values([{}, {}, 1])", "append({}, {})", "concatenate([1], {})", "union({}, [1])",
    "sort({}, function(a, b) a < b)", "string join({}, \",\")", "date({})", "time({})", "date and time({})",
    "number({})",
    "duration({})", "context put({{}}, \"a\", {})", "get entries({})", "({}).year", "({}).time offset", "({}).seconds",
    "({}).timezone", "mean({})", "mode({})", "median({})", "stddev({})", "all({})", "any({})",
    "context merge({}, {{b: 1}})",
    "context({})", "index of([{}, null], {})", "reverse({})", "from json(to json({}))", "upper case({})",
    "string length({})",
    "({}) and true", "({}) or null", "null = ({})", "({}) < ({})", "product({})", "{{x: {}, y: x}}.y", "// c\n({})",
    "partition({}, 2)",
    "day of week({})", "last day of month({})", "week of year({})", "abs({})", "floor({})", "decimal({}, 1)",
    "trim({})",
)  # fmt: skip
DIGITS = ("0", "1", "2", "3", "9", "12", "31", "60", "00", ".5")
PIECES = (
    "a", "Z", "T", "P", "D", "H", "M", "S", "Y", "-", "+", ":", ".", ",", "@", " ", "/", "\\\\", "\\n", '\\"', "'",
    "é", "ß", "😀", "\u00a0", "\u2028",
    "[", "]", "(", ")", "(?:", "(?i)", "(?<n>", "(?=", "(?!", "(?<=", "(?>", "|", "*", "+", "?", "*?", "++", "{2}",
    "{1,}", "{,2}", "^", "$",
    "\\d", "\\D", "\\w", "\\s", "\\S", "\\b", "\\B", "\\A", "\\z", "\\Z", "\\h", "\\v", "\\R", "\\Q", "\\E", "\\1",
    "\\2", "\\0", "\\x41", "\\t",
    "\\p{L}", "\\p{Lu}", "\\P{Alpha}", "\\p{IsLatin}", "\\p{javaLowerCase}", "[^a]", "[a-c]", "[a-z&&[^b]]",
    "[[:alpha:]]", "&&", "$1", "${n}", "\\$",
)  # fmt: skip
STRAY = 0.25
"""How often a value has any type instead of the one that is wanted."""
OPERATORS = {
    "arithmetic": ("+", "-", "*", "/", "**"),
    "comparison": ("=", "!=", "<", "<=", ">", ">="),
    "logic": ("and", "or"),
}
VALUES = (
    syntax.Literal, syntax.TemporalLiteral, syntax.Name, syntax.Path, syntax.Filter, syntax.Negation, syntax.Arithmetic,
    syntax.Comparison, syntax.Between, syntax.InstanceOf, syntax.In, syntax.Conjunction, syntax.Disjunction, syntax.If,
    syntax.For, syntax.Quantified, syntax.FunctionDefinition, syntax.Call, syntax.PathCall, syntax.ListLiteral,
    syntax.ContextLiteral,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A place in a text."""

    node: syntax.Node
    text: str


class Variations:
    """An endless source of questions made from cases; the same seed gives the same ones."""

    def __init__(self, seed: int, cases: Sequence[Case]) -> None:
        self._random = random.Random(seed)
        self._cases = [case for case in cases if _parts(case.kind, case.expression)]
        self._names = sorted(TABLE.keys() - VARYING - ADDED)

    def questions(self) -> Iterator[Question]:
        """One to three changes to a case each."""
        source = self._random
        while True:
            case = source.choice(self._cases)
            text, context = case.expression, dict(case.context)
            for _ in range(source.choice((1, 1, 1, 2, 3))):
                parts = _parts(case.kind, text)
                if not parts:
                    break
                other = source.choice(self._cases)
                text = self._change(text, parts, other)
                context = {**other.context, **context}
            yield Question(text, context, case.kind, case.input)

    def _change(self, text: str, parts: Sequence[Part], other: Case) -> str:
        source = self._random
        part = source.choice(parts)
        match source.randrange(10):
            case 0 | 1:
                new = self._value(_kind(part.node))
            case 8 | 9:
                literals = [each for each in parts if isinstance(each.node, syntax.Literal | syntax.TemporalLiteral)]
                part = source.choice(literals or parts)
                return _replaced(text, part, self._misspelt(part.text) if literals else f"({self._value()})")
            case 2:
                piece = source.choice(_parts(other.kind, other.expression)).text
                new = piece if len(piece) < 200 else self._value()
            case 3:
                pattern = source.choice(WRAPPERS)
                return _replaced(text, part, pattern.format(*[part.text] * pattern.count("{}")))
            case 4 | 5:
                calls = [each for each in parts if isinstance(each.node, syntax.Call)]
                if not calls:
                    return _replaced(text, part, f"{source.choice(self._names)}({part.text})")
                part = source.choice(calls)
                return _replaced(text, part, self._call(text, part))
            case _:
                return self._other_operator(text, parts)
        if part.text == text:
            return new
        return _replaced(text, part, new if ".." in new and new[0] in "([]" else f"({new})")

    def _misspelt(self, literal: str) -> str:
        """A literal with a character or two changed, mostly inside its quotes."""
        source = self._random
        for _ in range(source.choice((1, 1, 2))):
            quoted = literal.find('"') + 1
            place = source.randrange(quoted, len(literal)) if quoted < len(literal) else 0
            pieces = DIGITS if literal[place : place + 1].isdigit() and source.random() < 0.7 else PIECES
            kept = place + source.choice((0, 1))
            literal = f"{literal[:place]}{source.choice((*pieces, ''))}{literal[kept:]}"
        return literal

    def _value(self, kind: str | None = None) -> str:
        """A value from the edges of a type: mostly of the one wanted, if one is."""
        source = self._random
        if kind not in EDGES or source.random() < STRAY:
            kind = source.choice(tuple(EDGES))
        return source.choice(EDGES[kind])

    def _call(self, text: str, part: Part) -> str:
        source, node = self._random, part.node
        assert isinstance(node, syntax.Call)
        arguments = [text[each.start : each.end] for each in node.arguments]
        name, names = node.name, list(node.names or ())
        place = source.randrange(len(arguments) + 1)
        match source.randrange(8):
            case 0:
                name = source.choice(self._names)
            case 1:
                name = source.choice(self._names)
                arguments += [self._value()] * source.randrange(2)
            case 2 if arguments:
                del arguments[place - 1]
                del names[place - 1 : place]
            case 3:
                arguments.insert(place, self._value(self._wanted(name, place)))
            case 4 if arguments:
                arguments[place - 1] = "null"
            case 5 if arguments:
                arguments[place - 1] = source.choice(("[{}]", "[[{}]]", "[{}, {}]", "[{}, null]")).replace(
                    "{}", arguments[place - 1]
                )
            case 6 if arguments:
                overload = source.choice(TABLE.get(name) or TABLE["count"])
                known = [each.name for each in overload.parameters]
                source.shuffle(arguments)
                names = known[: len(arguments)]
            case _:
                if arguments:
                    place -= place > 0
                    arguments[place] = self._value(self._wanted(name, place))
        if names and len(names) == len(arguments):
            arguments = [f"{key}: {value}" for key, value in zip(names, arguments, strict=True)]
        return f"{name}({', '.join(arguments)})"

    def _wanted(self, name: str, place: int) -> str | None:
        """A type that the function takes there."""
        overloads = [each for each in TABLE.get(name, ()) if len(each.parameters) > place]
        if not overloads:
            return None
        return self._random.choice(sorted(self._random.choice(overloads).parameters[place].types))

    def _other_operator(self, text: str, parts: Sequence[Part]) -> str:
        source = self._random
        places: list[tuple[int, int, str]] = []
        for part in parts:
            match part.node:
                case syntax.Arithmetic(operations=operations):
                    places += [(each.start, len(each.operator), "arithmetic") for each in operations]
                case syntax.Comparison(operator=operator, left=left):
                    start = text.find(operator, left.end)
                    places.append((start, len(operator), "comparison"))
                case syntax.Conjunction(operands=operands) | syntax.Disjunction(operands=operands):
                    word = "and" if isinstance(part.node, syntax.Conjunction) else "or"
                    places += [(text.find(word, each.end), len(word), "logic") for each in operands[:-1]]
        if not places:
            part = source.choice(parts)
            kind = source.choice(tuple(OPERATORS))
            return _replaced(text, part, f"(({part.text}) {source.choice(OPERATORS[kind])} ({self._value()}))")
        start, length, kind = source.choice(places)
        return f"{text[:start]}{source.choice(OPERATORS[kind])}{text[start + length :]}"


def _replaced(text: str, part: Part, new: str) -> str:
    return f"{text[: part.node.start]}{new}{text[part.node.end :]}"


def _kind(node: syntax.Node) -> str | None:
    """The type of the values that a part stands for, as far as its form tells."""
    match node:
        case syntax.Literal(value=value) | syntax.TemporalLiteral(value=value):
            return type_name(value)
        case syntax.ListLiteral() | syntax.For():
            return "list"
        case syntax.ContextLiteral():
            return "context"
        case syntax.FunctionDefinition():
            return "function"
        case syntax.Arithmetic() | syntax.Negation():
            return "number"
        case syntax.Comparison() | syntax.Between() | syntax.In() | syntax.Conjunction() | syntax.Disjunction():
            return "boolean"
    return None


@cache
def _parts(kind: str, text: str) -> tuple[Part, ...]:
    """The values in a text; none if it is not FEEL."""
    parse = parse_unary_tests if kind == "unary-tests" else parse_expression
    try:
        tree = parse(text, DEFAULT_LIMITS)
    except FeelError:
        return ()
    return tuple(Part(node, text[node.start : node.end]) for node in _nodes(tree) if isinstance(node, VALUES))


def _nodes(node: object) -> Iterator[syntax.Node]:
    if isinstance(node, tuple):
        for each in node:
            yield from _nodes(each)
    elif isinstance(node, syntax.Node):
        yield node
        for each in fields(node):
            yield from _nodes(getattr(node, each.name))
