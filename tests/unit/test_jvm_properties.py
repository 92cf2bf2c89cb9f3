"""JVM options in text form."""

from __future__ import annotations

from worker.jvm_properties import from_arguments, from_environment, parse_options


def test_properties_are_found_among_other_options() -> None:
    text = "-Xmx512m -Dhttp.proxyHost=proxy -Dhttp.proxyPort=80 -ea -Dempty= -Dflag"
    assert parse_options(text) == {"http.proxyHost": "proxy", "http.proxyPort": "80", "empty": "", "flag": ""}


def test_quotes_hold_values_together() -> None:
    text = "-Da='x y' \"-Db=1 2\" -Dhttp.nonProxyHosts=localhost|127.*"
    assert parse_options(text) == {"a": "x y", "b": "1 2", "http.nonProxyHosts": "localhost|127.*"}


def test_an_open_quote_stops_nothing() -> None:
    assert parse_options("-Da=1 -Db='x") == {"a": "1", "b": "'x"}


def test_java_opts_win_over_java_tool_options() -> None:
    environ = {"JAVA_TOOL_OPTIONS": "-Da=1 -Db=1", "JAVA_OPTS": "-Db=2 -Db=3"}
    assert from_environment(environ) == {"a": "1", "b": "3"}
    assert from_environment({}) == {}


def test_a_value_may_hold_equals_signs() -> None:
    assert from_arguments(["-Da=b=c", "run", "-D"]) == {"a": "b=c"}
