"""The two faces of the worker: which rules hold for a job type, as one immutable table of switches.

`compatible` answers as Camunda's connector was recorded to answer, to the letter; `native` has the same inputs and
results and everything beyond. The face is chosen once per job type and handed on as a value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

FaceName = Literal["compatible", "native"]


@dataclass(frozen=True, slots=True)
class Face:
    """The switches. Each names a behaviour; nobody asks for the face's or the job type's name."""

    name: FaceName
    error_details: bool  # `error.variables.kind`, `response.status` in it, our own error codes
    reencode_url: bool  # decode the URL and encode it again; otherwise encode only what is illegal
    input_expressions: bool  # FEEL in task headers (and, by setting, in variables)
    extended_inputs: bool  # `httpOptions`, `dialect`, profiles
    input_defaults: bool  # GET, API key in a header, client secret by Basic: what the model leaves out has a default
    rescan_secrets: bool  # bare `secrets.NAME` counts, and secrets inside secrets are replaced too
    mask_own_messages: bool  # also what an error expression says is masked
    standard_proxy_variables: bool  # http_proxy, https_proxy, no_proxy
    exact_decimals: bool  # JSON numbers with a fraction stay exact; otherwise they become doubles
    lenient_parameters: bool  # lists repeat a parameter or header, null leaves it out
    omit_blank_audience: bool  # OAuth: send no `audience` when there is none
    refresh_token_on_401: bool  # fetch a new token and repeat the call once
    keep_rotated_token: bool  # OAuth: a refresh token that came with an answer replaces the model's
    typed_multipart: bool  # UTF-8 parts with their own content types
    label_empty_body: bool  # a POST, PUT or PATCH without a body says that nothing is text
    keep_error_arrays: bool  # error bodies that are JSON arrays are kept as they are
    whole_response_body: bool  # 204 and empty bodies are null also where JSON was asked for
    limit_response: bool  # stop reading a response at the size limit
    hidden_resend: bool  # the setting COMPATIBLE_RESEND holds: lost and busy calls are sent once more
    limit_connect: bool  # the connection timeout limits connecting; otherwise three minutes do
    remember_challenge: bool  # a proxy that has asked for credentials once gets them with every later request
    explain_lost: bool  # a call without an answer names the peer, a failed handshake also what is wrong with it
    more_methods: bool  # HEAD, OPTIONS and TRACE
    more_codings: bool  # answers may come in brotli and zstd, and the request says so
    guard_redirects: bool  # block list, host rules, proxies count for every hop, API key headers stay at the origin


COMPATIBLE = Face(
    name="compatible",
    error_details=False,
    reencode_url=True,
    input_expressions=False,
    extended_inputs=False,
    input_defaults=False,
    rescan_secrets=True,
    mask_own_messages=False,
    standard_proxy_variables=False,
    exact_decimals=False,
    lenient_parameters=False,
    omit_blank_audience=False,
    refresh_token_on_401=False,
    keep_rotated_token=False,
    typed_multipart=False,
    label_empty_body=True,
    keep_error_arrays=False,
    whole_response_body=False,
    limit_response=False,
    hidden_resend=True,
    limit_connect=False,
    remember_challenge=False,
    explain_lost=False,
    more_methods=False,
    more_codings=False,
    guard_redirects=False,
)

NATIVE = Face(
    name="native",
    error_details=True,
    reencode_url=False,
    input_expressions=True,
    extended_inputs=True,
    input_defaults=True,
    rescan_secrets=False,
    mask_own_messages=True,
    standard_proxy_variables=True,
    exact_decimals=True,
    lenient_parameters=True,
    omit_blank_audience=True,
    refresh_token_on_401=True,
    keep_rotated_token=True,
    typed_multipart=True,
    label_empty_body=False,
    keep_error_arrays=True,
    whole_response_body=True,
    limit_response=True,
    hidden_resend=False,
    limit_connect=True,
    remember_challenge=True,
    explain_lost=True,
    more_methods=True,
    more_codings=True,
    guard_redirects=True,
)

FACES: dict[FaceName, Face] = {"compatible": COMPATIBLE, "native": NATIVE}


def face_of(job_type: str, chosen: FaceName | None) -> Face:
    """The face of a job type: the one chosen for it, else `compatible` for Camunda's own types, else `native`."""
    if chosen is not None:
        return FACES[chosen]
    return COMPATIBLE if job_type.startswith("io.camunda:") else NATIVE
