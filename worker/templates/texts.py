"""What the forms say: one line for each input, in the order of the form, for both templates.

The shape of an input, its choices and whether it is mandatory come from the request models; see `build`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from worker.face import FaceName

URL_PATTERN: Final = r"(=|http://|https://|\{\{|secrets).*"

GROUPS: Final = {
    "endpoint": "HTTP endpoint",
    "authentication": "Authentication",
    "payload": "Payload",
    "timeout": "Timeouts",
    "tls": "Client certificate",
    "output": "Output mapping",
    "error": "Error handling",
    "calls": "Retries within the job",
    "breaker": "Circuit breaker",
    "retries": "Retries",
}


@dataclass(frozen=True, slots=True)
class Text:
    """One field. `choices` are the labels of a drop-down, `when` its condition, `only` the face that has it."""

    group: str
    label: str
    tooltip: str = ""
    placeholder: str = ""
    default: Any = None
    lines: bool = False  # several lines
    url: bool = False
    choices: Mapping[str, str] = field(default_factory=dict)
    when: tuple[str, tuple[str, ...]] | None = None
    only: FaceName | None = None


SWITCH: Final = {"false": "No", "true": "Yes"}
_REFERENCE: Final = "A secret such as {{secrets.%s}}"
_AGAIN: Final = ("httpOptions.retry.maxRetries", ("1", "2", "3", "5", "10"))
_BREAKER: Final = ("httpOptions.circuitBreaker.enabled", ("true",))
_BODY: Final = ("method", ("POST", "PUT", "PATCH"))

TEXTS: Final[Mapping[str, Text]] = {
    "method": Text("endpoint", "Method", default="GET"),
    "url": Text(
        "endpoint",
        "URL",
        'An address, or an expression over the process variables such as ="https://api.example.com/orders/" + '
        "string(orderId)",
        url=True,
    ),
    "headers": Text("endpoint", "Headers", 'A context such as ={"X-Request": string(orderId)}'),
    "queryParameters": Text("endpoint", "Query parameters", "A context such as ={page: 1, sort: by}"),
    "httpOptions.query.arrayFormat": Text(
        "endpoint",
        "Lists among the query parameters",
        default="repeat",
        choices={"repeat": "a=1&a=2", "brackets": "a[]=1&a[]=2", "indices": "a[0]=1&a[1]=2", "comma": "a=1,2"},
        only="native",
    ),
    "followRedirects": Text("endpoint", "Follow redirects"),
    "httpOptions.redirects.max": Text(
        "endpoint", "Redirects at most", default="10", when=("followRedirects", ("true",)), only="native"
    ),
    "skipEncoding": Text("endpoint", "Send the URL exactly as given", default="false", choices=SWITCH),
    "authentication.type": Text(
        "authentication",
        "Type",
        default="noAuth",
        choices={
            "noAuth": "None",
            "apiKey": "API key",
            "basic": "Basic",
            "bearer": "Bearer token",
            "oauth-client-credentials-flow": "OAuth 2.0 client credentials",
            "oauth-refresh-token": "OAuth 2.0 refresh token",
        },
    ),
    "authentication.apiKeyLocation": Text(
        "authentication",
        "API key location",
        default="headers",
        choices={"headers": "Headers", "query": "Query parameters"},
    ),
    "authentication.name": Text("authentication", "API key name"),
    "authentication.value": Text("authentication", "API key value", _REFERENCE % "API_KEY"),
    "authentication.username": Text("authentication", "Username"),
    "authentication.password": Text("authentication", "Password", _REFERENCE % "PASSWORD"),
    "authentication.token": Text("authentication", "Bearer token", _REFERENCE % "TOKEN"),
    "authentication.oauthTokenEndpoint": Text("authentication", "Token endpoint", url=True),
    "authentication.clientId": Text("authentication", "Client ID"),
    "authentication.clientSecret": Text("authentication", "Client secret", _REFERENCE % "CLIENT_REFERENCE"),
    "authentication.refreshToken": Text("authentication", "Refresh token", _REFERENCE % "REFRESH_TOKEN"),
    "authentication.audience": Text("authentication", "Audience"),
    "authentication.clientAuthentication": Text(
        "authentication",
        "Client authentication",
        default="basicAuthHeader",
        choices={"basicAuthHeader": "Basic header", "credentialsBody": "In the body"},
    ),
    "authentication.scopes": Text("authentication", "Scopes", placeholder="read:contacts write:contacts"),
    "body": Text("payload", "Body", "A context is sent as JSON, text as it is", lines=True, when=_BODY),
    "ignoreNullValues": Text("payload", "Leave out null values", when=_BODY),
    "connectionTimeoutInSeconds": Text(
        "timeout", "Connection timeout in seconds", "0 waits without limit", default="20"
    ),
    "readTimeoutInSeconds": Text(
        "timeout", "Read timeout in seconds", "The longest silence of the service; 0 waits without limit", default="20"
    ),
    "writeTimeoutInSeconds": Text(
        "timeout", "Write timeout in seconds", "For sending the body; without it the read timeout holds", only="native"
    ),
    "httpOptions.timeoutMs": Text(
        "timeout",
        "Time limit of the whole call in milliseconds",
        "In place of the read timeout; with retries it holds for each try",
        only="native",
    ),
    "clientTls.clientCertificate": Text("tls", "Client certificate (PEM)", lines=True),
    "clientTls.clientPrivateKey": Text("tls", "Client private key (PEM)", _REFERENCE % "CLIENT_KEY", lines=True),
    "clientTls.privateKeyPassword": Text("tls", "Private key password", _REFERENCE % "CLIENT_KEY_PASSWORD"),
    "clientTls.trustedCertificate": Text("tls", "Trusted certificates (PEM)", lines=True),
    "documentReturnFormat.choice": Text(
        "output",
        "Response as",
        default="JSON",
        choices={"JSON": "JSON", "TEXT": "Text", "DOCUMENT": "Document"},
    ),
    "documentReturnFormat.encoding": Text(
        "output",
        "Character set",
        placeholder="UTF-8",
        when=("documentReturnFormat.choice", ("TEXT",)),
    ),
    "httpOptions.response.meta": Text(
        "output",
        "Tell how the call went",
        "In response.meta: the last URL, tries, time and size",
        default="false",
        choices=SWITCH,
        only="native",
    ),
    "resultVariable": Text(
        "output",
        "Result variable",
        "Receives the whole response: status, headers, body, reason, document. Give each task its own name, and none "
        "that is an input, such as body or url",
    ),
    "resultExpression": Text(
        "output",
        "Result expression",
        "Each entry becomes a process variable",
        default="={\n  // each entry becomes a process variable\n  responseBody: response.body\n}",
        lines=True,
    ),
    "errorExpression": Text(
        "error",
        "Error expression",
        'Such as =if error.code = "404" then bpmnError("NOT_FOUND", error.message) else null',
        lines=True,
    ),
    "httpOptions.retry.maxRetries": Text(
        "calls",
        "Repeat a failed call",
        "At once or soon, without a new job; the engine's own retries come on top",
        default="0",
        choices={"0": "Never", "1": "Once", "2": "Twice", "3": "3 times", "5": "5 times", "10": "10 times"},
        only="native",
    ),
    "httpOptions.retry.exponential": Text(
        "calls",
        "Wait longer each time",
        "0.2 s at first, then twice as long each time",
        default="false",
        choices=SWITCH,
        when=_AGAIN,
        only="native",
    ),
    "httpOptions.retry.delayMs": Text(
        "calls",
        "Wait before each repetition in milliseconds",
        default="500",
        when=("httpOptions.retry.exponential", ("false",)),
        only="native",
    ),
    "httpOptions.retry.nonIdempotent": Text(
        "calls",
        "Repeat POST and PATCH too",
        "The service may get them twice",
        default="false",
        choices=SWITCH,
        when=_AGAIN,
        only="native",
    ),
    "httpOptions.circuitBreaker.enabled": Text(
        "breaker",
        "Leave a failing service alone for a while",
        default="false",
        choices=SWITCH,
        only="native",
    ),
    "httpOptions.circuitBreaker.failureRate": Text(
        "breaker", "Share of failures that opens it", default="0.5", when=_BREAKER, only="native"
    ),
    "httpOptions.circuitBreaker.minCalls": Text(
        "breaker", "Calls before it may open", default="10", when=_BREAKER, only="native"
    ),
    "httpOptions.circuitBreaker.openMs": Text(
        "breaker", "How long it stays open in milliseconds", default="30000", when=_BREAKER, only="native"
    ),
    "retries": Text("retries", "Retries", default="3"),
    "retryBackoff": Text("retries", "Retry back-off", "An ISO 8601 duration such as PT30S", default="PT30S"),
    "jobTimeout": Text(
        "retries",
        "Job timeout",
        "An ISO 8601 duration; how long the job is the worker's before the engine offers it again",
        placeholder="PT5M",
    ),
}

PROFILE_TEXTS: Final[Mapping[str, Text]] = {
    "httpOptions.profile": Text(
        "endpoint", "Profile", "A connection that the operator keeps for the worker: address, credentials, certificates"
    ),
    "method": TEXTS["method"],
    "url": Text("endpoint", "Path", 'Below the address of the profile, such as ="/orders/" + string(orderId)'),
    "headers": TEXTS["headers"],
    "queryParameters": TEXTS["queryParameters"],
    **{path: text for path, text in TEXTS.items() if text.group in ("payload", "output", "error", "retries")},
}
"""The form of a task that calls by a profile: what the profile gives is not in it, or the form would win over it."""

LEFT_OUT: Final = {
    "authentication.headers": "hardly any token endpoint wants them",
    "authentication.parameters": "hardly any token endpoint wants them",
    "authenticationConfiguration": "stored credentials need a property type of their own",
    "storeResponse": "documentReturnFormat says it better",
}
"""Inputs that no form offers, and why."""
