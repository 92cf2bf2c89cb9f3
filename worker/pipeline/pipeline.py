"""One job in, one outcome out: the story of a job, top to bottom.

Each step is another module's; the order is the contract, because it decides which failure a model gets to see. The
engine side that feeds jobs in and carries outcomes back is `worker.zeebe`; it knows nothing of what happens here.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, Final

from worker.documents import Documents, may_be_special
from worker.documents.document import DocumentStore
from worker.errors import ILLEGAL_STATE, GatewayError, GivenBack, JobFailure, input_failure
from worker.face import Face
from worker.job import Job, Lease
from worker.json_codec import JsonError, loads_prefix
from worker.outcome import Fail, Outcome
from worker.pipeline.case import Case
from worker.pipeline.error_modes import returned
from worker.pipeline.expressions import Expressions
from worker.pipeline.inputs import Expressible, Inputs, with_notes
from worker.pipeline.job_headers import JobHeaders
from worker.pipeline.mapping import Mapper
from worker.pipeline.output_size import OUTPUT_LIMIT, OutputGuard
from worker.pipeline.profiles import Chosen, Profiles, with_named
from worker.pipeline.results import Output, output_of
from worker.pipeline.steering import with_trusted
from worker.pipeline.verdict import Verdict
from worker.rest.auth import basic
from worker.rest.binding import bind, root_object
from worker.rest.breaker import Breakers
from worker.rest.client import RestClient
from worker.rest.options import DEFAULTS, read_options
from worker.rest.preview import described
from worker.rest.repeating import Repeating
from worker.rest.request import BasicAuth, RestRequest, RestResponse
from worker.rest.return_format import read_return_format
from worker.rest.special import resolve_special
from worker.rest.validation import request_of, validate
from worker.secrets import Secrets, SecretScope, SecretSession, may_refer, tree_may_refer

CLIENT_STATUS: Final = "io.camunda.client.api.command.ClientStatusException"

_LEASE_REFUSED: Final = frozenset({"NOT_FOUND", "INTERNAL", "INVALID_ARGUMENT", "FAILED_PRECONDITION"})


_Decoded = tuple[Any, Any, tuple[str, ...], Chosen | None]
"""The inputs, those that `documentReturnFormat` is read from, notes on expressions among them, and the profile."""

log = logging.getLogger(__name__)


class Pipeline:
    """Handles the jobs of one job type by the rules of its face."""

    def __init__(
        self,
        face: Face,
        *,
        secrets: Secrets,
        client: RestClient,
        documents: Documents,
        store: DocumentStore,
        expressions: Expressions,
        input_expressions: Expressible = "headers",
        trust_variables: bool = False,
        output_limit: int = OUTPUT_LIMIT,
        breakers: Breakers | None = None,
        forbidden_methods: Collection[str] = (),
        profiles: Profiles | None = None,
    ) -> None:
        """`output_limit` is bytes of JSON; the job types of one worker share their `breakers` and `profiles`."""
        self.face = face
        self._secrets = secrets
        self._client = client
        self._forbidden_methods = frozenset(method.upper() for method in forbidden_methods)
        self._profiles = profiles or Profiles()
        self._breakers = breakers or Breakers()
        self._calls = Repeating(client, self._breakers)
        self._documents = documents
        self._mapper = Mapper(expressions, store)
        self._inputs = Inputs(expressions, expressible=input_expressions, trust_variables=trust_variables)
        self._trusting = trust_variables and face.extended_inputs
        self._guard = OutputGuard(output_limit, helpful=face.extended_inputs)
        self._verdict = Verdict(face, self._mapper, self._guard)

    @property
    def open_breakers(self) -> int:
        """How many circuit breakers are open, of all job types that share them."""
        return self._breakers.open_count

    async def handle(self, job: Job, lease: Lease) -> Outcome:
        """The outcome of a job; every job gets one, unless it cannot have its turn in time. Raises `GivenBack`."""
        case = Case(job, self._session)
        try:
            try:
                case.headers = self._headers(job)
                response, output = await self._perform(case, lease)
            except JobFailure as failure:
                return await self._verdict.after_failure(case, failure)
            except GivenBack:
                raise
            except Exception as bug:  # the error expression sees it, as it sees every failure
                return await self._verdict.after_failure(case, _bug(job, bug))
            return await self._verdict.after_success(case, response, output)
        except GivenBack:
            raise
        except Exception as bug:  # a fault of the worker must end one job, not its neighbours
            return Fail(_bug(job, bug).message, max(job.retries - 1, 0))

    def _headers(self, job: Job) -> JobHeaders:
        headers = JobHeaders.decode(job.headers)
        return with_trusted(headers, job.variables) if self._trusting else headers

    async def preview(self, job: Job) -> dict[str, Any]:
        """The exact request a job would send, secrets masked; sends nothing and leaves the lease alone.

        Members: `method`, `url`, `headers` (lines, in order), `body` (text or null), `proxy` (URL or null), for TLS
        `trusted` (whom, in words) and, where the body cannot be shown as text, `note`. Raises `JobFailure`, masked.
        """
        case = Case(job, self._session)
        try:
            case.headers = self._headers(job)
            case.headers.retry_backoff()
            case.headers.job_timeout()
            prepared = await self._client.prepare(await self._request(case), self.face)
        except JobFailure as failure:
            raise JobFailure(await case.secrets.mask_text(failure.message), type=failure.type) from None
        shown: dict[str, Any] = await case.secrets.mask_value(described(prepared))
        return shown

    async def _perform(self, case: Case, lease: Lease) -> tuple[RestResponse | None, Output]:
        if case.headers.has_times:
            case.headers.retry_backoff()  # a wrong header fails the job before anything is done for it
            await _apply_job_timeout(case, lease)
        request = await self._request(case)
        await lease.turn(_host_of(request.url))
        response = await self._call(case, request, lease)
        given = self._given(case, request, response) if response is not None and self.face.extended_inputs else None
        return response, await output_of(response, case.headers, self._mapper, self._guard, given)

    def _given(self, case: Case, request: RestRequest, response: RestResponse) -> Mapping[str, Any]:
        """The variables that an answer gives by itself: those of the dialect, and tracked headers."""
        outputs, tracked = case.headers.dialect.outputs(request.method, response), request.options.tracked
        return {**outputs, **tracked.given(response)} if tracked.variables else outputs

    async def _request(self, case: Case) -> RestRequest:
        """The validated request; raises `JobFailure` for what is wrong with the job's input."""
        face = self.face
        decoded = await (self._native(case) if face.input_expressions else self._compatible(case))
        tree, raw, notes, chosen = decoded
        try:
            variables = bind(tree, face)
            validate(variables, face)
            options = read_options(tree.get("httpOptions")) if face.extended_inputs else DEFAULTS
            request = request_of(variables, read_return_format(raw, face), face, options)
        except JobFailure as failure:
            raise with_notes(failure, notes) from None
        if request.method in self._forbidden_methods:
            reason = "is forbidden by the worker's setting REST_CONNECTOR_HTTP__FORBIDDEN_METHODS"
            raise input_failure(f"The method {request.method} {reason}", kind="blocked")
        if tree is not raw and isinstance(request.auth, BasicAuth):
            case.secrets.remember(basic(request.auth.username, request.auth.password))
        return request if chosen is None else await chosen.completed(request, case.secrets)

    async def _compatible(self, case: Case) -> _Decoded:
        """Secrets first, in the text of the variables; `documentReturnFormat` is read from the text as it came."""
        given = case.job.variables
        text = await case.secrets.replace(given) if may_refer(given) else given
        tree = _decoded(text)
        raw = tree if text == given else _format_of(given, tree)
        return await self._with_documents(tree) if may_be_special(text) else tree, raw, (), None

    async def _native(self, case: Case) -> _Decoded:
        """Expressions first, then secrets: an expression never sees a secret."""
        job, headers = case.job, case.headers
        headers.mode  # noqa: B018  # a wrong word must be found before the call
        given = root_object(_decoded(job.variables, exact=self.face.exact_decimals))
        if given is None:
            raise input_failure("The variables of the job are not a JSON object")
        gathered = await self._inputs.gather(headers, given)
        try:
            inputs, ignored = headers.dialect.translate(gathered.tree, headers.values.get("action"))
        except JobFailure as failure:
            raise with_notes(failure, gathered.notes) from None
        for name in ignored:
            log.warning("input ignored, the action has no such input", extra={"job": job.key, "input": name})
        chosen = self._profiles.chosen(with_named(inputs, headers.values), job.process_id)
        if chosen is not None:
            case.secrets.narrow(chosen.profile.secrets)
        tree: Any = inputs
        if may_refer(job.variables) or may_refer(job.headers) or tree_may_refer(gathered.evaluated):
            tree = await case.secrets.replace_tree(inputs)
        if chosen is not None:
            tree = await chosen.applied(tree, case.secrets)
        if may_be_special(job.variables) or may_be_special(job.headers):
            tree = await self._with_documents(tree)
        return tree, inputs, gathered.notes, chosen

    async def _with_documents(self, tree: Any) -> Any:
        return await resolve_special(tree, self._documents.resolver(exact=self.face.exact_decimals))

    async def _call(self, case: Case, request: RestRequest, lease: Lease) -> RestResponse | None:
        tracked = request.options.tracked
        try:
            response = await self._calls.call(request, self.face, lease.remaining)
        except JobFailure as failure:
            as_data = self.face.extended_inputs and case.headers.mode == "return"
            response = returned(failure) if as_data else None
            if response is None:
                raise tracked.failed(failure) from failure.__cause__
        if response is None or request.options is DEFAULTS:
            return response
        if response.meta is not None:  # which shows URLs, and secrets may be in them
            response = replace(response, meta=await case.secrets.mask_value(response.meta))
        return tracked.answered(response)

    def _session(self, job: Job) -> SecretSession:
        scope = SecretScope(
            tenant_id=job.tenant_id,
            process_id=job.process_id,
            process_definition_key=job.process_definition_key,
            element_id=job.element_id,
            task_headers=self.face.input_expressions,
        )
        return self._secrets.session(scope, self.face)


def _host_of(url: str) -> str:
    """Host and port as the URL has them; their calls have a common share of the slots."""
    return url.partition("//")[2].partition("/")[0].partition("?")[0].lower()


async def _apply_job_timeout(case: Case, lease: Lease) -> None:
    """Set the lease that the model asks for, once, before the call."""
    wanted = case.headers.job_timeout()
    if wanted is None:
        return
    try:
        await lease.extend(wanted)
    except GatewayError as refused:
        if refused.code in _LEASE_REFUSED:
            raise JobFailure(refused.message, type=CLIENT_STATUS) from None
        log.warning("job timeout not set", extra={"job": case.job.key, "code": refused.code})
    if lease.remaining() <= 0:
        message = f"Job timeout deadline already elapsed by the time the update was applied for job: {case.job.key}"
        raise JobFailure(message, type=ILLEGAL_STATE)


def _decoded(text: str, *, exact: bool = False) -> Any:
    """The variables as a tree. What follows the first JSON value is ignored, as the original does."""
    try:
        return loads_prefix(text, exact=exact)
    except JsonError:
        message = "This is not a JSON object" if text.strip() else "No content to map due to end-of-input"
        raise input_failure(message) from None


def _format_of(text: str, otherwise: Any) -> Any:
    """The raw variables, of which only `documentReturnFormat` counts; nothing where it is not mentioned.

    A secret that stands outside of a JSON text makes them readable only once it is replaced.
    """
    if "documentReturnFormat" not in text and "\\u" not in text:
        return {}
    try:
        return loads_prefix(text)
    except JsonError:
        return otherwise


def _bug(job: Job, problem: Exception) -> JobFailure:
    log.error("job failed by a fault of the worker", extra={"job": job.key}, exc_info=problem)
    return JobFailure(f"Internal error of the worker: {type(problem).__name__}", type="java.lang.RuntimeException")
