"""The secrets of one job: replaced in its variables, remembered, and hidden in what leaves the worker.

`Secrets` is built once by the composition root; the pipeline takes one `SecretSession` of it per job.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from worker.errors import JobFailure, input_failure
from worker.face import Face
from worker.secrets import syntax
from worker.secrets.filter import ALLOW_ALL, Allowed, AllowList, SecretFilter
from worker.secrets.forms import SHORTEST
from worker.secrets.masking import Masker
from worker.secrets.provider import SecretProvider, SecretScope
from worker.secrets.tree import texts


class SecretsUnavailable(JobFailure):
    """The secrets of a failed job cannot be fetched, so its message must not be shown; sent without a back-off."""


class Secrets:
    """Opens sessions.

    `masker` is the process-wide one. `bare` allows `secrets.NAME` without braces in the native face; in the
    compatible face it is always read. With `in_body` off, references in the input `body` stay text.
    """

    def __init__(
        self,
        provider: SecretProvider,
        *,
        masker: Masker,
        filter: SecretFilter = ALLOW_ALL,
        bare: bool = False,
        in_body: bool = True,
    ) -> None:
        self._provider = provider
        self._masker = masker
        self._filter = filter
        self._bare = bare
        self._in_body = in_body

    def session(self, scope: SecretScope, face: Face, *, allow: Collection[str] | None = None) -> SecretSession:
        """The secrets of one job; `allow` narrows them further (the allow list of a profile)."""
        narrowed = None if allow is None else AllowList(allow)
        return SecretSession(
            self._provider, self._filter, narrowed, self._masker, scope, face, bare=self._bare, in_body=self._in_body
        )


class SecretSession:
    """One job's view of the secrets. Costs next to nothing for a job that refers to none."""

    def __init__(
        self,
        provider: SecretProvider,
        filter: SecretFilter,
        narrowed: AllowList | None,
        process_wide: Masker,
        scope: SecretScope,
        face: Face,
        *,
        bare: bool,
        in_body: bool,
    ) -> None:
        self._provider = provider
        self._in_body = in_body
        self._filters = (filter,) if narrowed is None else (filter, narrowed)
        self._process_wide = process_wide
        self._scope = scope
        self._rescan = face.rescan_secrets
        self._bare = bare or face.rescan_secrets
        self._rules: list[Allowed] | None = None
        self._mentioned: set[str] = set()
        self._values: dict[str, None] = {}  # in the order in which they came
        self._masker: Masker | None = None  # of these values; most jobs have nothing to mask

    async def replace(self, text: str) -> str:
        """A JSON text (the job's raw variables) with its references replaced. Raises `JobFailure`."""
        if syntax.MARK not in text:
            return text
        if not self._in_body:
            rest, body = syntax.without_body(text)
            if body is not None:
                return syntax.with_body(await self._replaced(rest), body)
        return await self._replaced(text)

    async def replace_tree(self, value: Any) -> Any:
        """A JSON tree with the references in its strings and keys replaced once. Raises `JobFailure`."""
        if not self._in_body and isinstance(value, dict) and "body" in value:
            rest = {name: member for name, member in value.items() if name != "body"}
            return {**await self.replace_tree(rest), "body": value["body"]}
        marked = [text for text in texts(value) if syntax.MARK in text]
        mentioned = {name for text in marked for name in syntax.names(text, bare=self._bare)}
        if not mentioned:
            return value
        self._mentioned |= mentioned
        await self._load_rules()
        return syntax.replace_tree(value, self._reveal, bare=self._bare)

    def narrow(self, allow: Collection[str] | None) -> None:
        """Allow only these names from now on, besides what the filters say; None changes nothing."""
        if allow is None:
            return
        self._filters = (*self._filters, AllowList(allow))
        self._rules = None

    async def reveal_tree(self, value: Any) -> Any:
        """As `replace_tree` for texts of the operator's own, to which filters do not apply. Raises `JobFailure`."""
        return syntax.replace_tree(value, self._trusted, bare=False)

    async def _replaced(self, text: str) -> str:
        self._mentioned.update(syntax.names(text, bare=self._bare))
        await self._load_rules()
        if self._rescan:
            return syntax.replace_rescanning(text, self._reveal)
        return syntax.replace_once(text, self._reveal_escaped, bare=self._bare)

    def remember(self, text: str) -> None:
        """Hide a text that was made from secrets, such as the Base64 of a user and a password."""
        self._keep(text)

    async def mask_text(self, text: str) -> str:
        """`text` without the secrets of this job. Raises `SecretsUnavailable`."""
        await self._fetch_mentioned()
        return self._own().mask(text)

    async def mask_value(self, tree: Any) -> Any:
        """A JSON tree without the secrets of this job, keys included. Raises `SecretsUnavailable`."""
        await self._fetch_mentioned()
        return self._own().mask_tree(tree)

    async def _fetch_mentioned(self) -> None:
        """Fetch what the variables mention but was not replaced: an earlier reference may have failed the job."""
        try:
            if self._mentioned:
                await self._load_rules()
            for name in self._mentioned:
                self._lookup(name)
        except Exception as problem:
            failure = problem if isinstance(problem, JobFailure) else None
            raise SecretsUnavailable(
                "Fetching secrets failed, original error can't be displayed as the error message might contain"
                f" secrets: {problem}",
                type=failure.type if failure else "java.lang.RuntimeException",
                kind="input",
            ) from problem
        self._mentioned.clear()

    async def _load_rules(self) -> None:
        if self._rules is None:
            self._rules = [await each.allowed(self._scope) for each in self._filters]

    def _reveal(self, name: str) -> str | None:
        return self._trusted(name) if self._is_allowed(name) else None

    def _trusted(self, name: str) -> str:
        value = self._fetch(name)
        if value is None:
            raise input_failure(f"Secret with name '{name}' is not available")
        return value

    def _reveal_escaped(self, name: str) -> str | None:
        value = self._reveal(name)
        return None if value is None else syntax.json_escaped(value)

    def _lookup(self, name: str) -> str | None:
        return self._fetch(name) if self._is_allowed(name) else None

    def _fetch(self, name: str) -> str | None:
        value = self._provider.lookup(name, self._scope)
        if value is not None:
            self._keep(value, name)
        return value

    def _keep(self, value: str, name: str | None = None) -> None:
        self._values[value] = None
        self._masker = None
        self._process_wide.remember(value, name)

    def _own(self) -> Masker:
        """What hides the secrets of this job, also those that are too short for the worker's own texts."""
        if self._masker is None:
            self._masker = Masker(shortest=1 if self._rescan else SHORTEST)
            for value in self._values:
                self._masker.remember(value)
        return self._masker

    def _is_allowed(self, name: str) -> bool:
        return all(rule(name) for rule in self._rules or ())
