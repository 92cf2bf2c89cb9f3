"""Profiles: BOO-03 to BOO-05, ALF-42, and the parts of CMX-10, CMX-22, CMX-41 and ALF-20 that need one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rows.support import CAMUNDA, NATIVE, Scene, error_of
from tests.support.certificates import make_authority
from tests.support.job_runs import completed, failed
from tests.support.scripted_server import ScriptedServer, answer
from worker.errors import JobFailure
from worker.pipeline.profiles import Profiles
from worker.settings import SettingsError

USES = {"httpOptions.profile": "orders"}
TOKEN = '[orders.authentication]\ntype = "bearer"\ntoken = "{{secrets.ORDERS}}"\n'


@pytest.fixture
def keep(scene: Scene, tmp_path: Path) -> Any:
    """Writes the file of profiles, and gives its path."""

    def keep(text: str) -> Path:
        file = tmp_path / "profiles.toml"
        file.write_text(text)
        scene.environ |= {"REST_CONNECTOR_PROFILES": str(file), "SECRET_ORDERS": "t0ken"}
        return file

    return keep


def orders(service: ScriptedServer, more: str = "") -> str:
    return f'[orders]\nbaseUrl = "{service.url("/v2")}"\n{more}'


async def test_boo_03_a_profile_holds_what_tasks_have_in_common(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(
        orders(
            service,
            "readTimeoutInSeconds = 5\n"
            '[orders.headers]\nX-Client = "camunda"\nX-Both = "profile"\n'
            '[orders.queryParameters]\nlang = "en"\n' + TOKEN,
        )
    )
    variables = {"url": "/items", "headers": {"x-both": "task"}, "queryParameters": {"q": 1}}
    completed(await scene.run(variables, USES))
    (request,) = service.requests
    assert request.line == "GET /v2/items?lang=en&q=1 HTTP/1.1"
    assert [request.values(name) for name in ("x-client", "x-both")] == [["camunda"], ["task"]]
    assert request.value("authorization") == "Bearer t0ken"


async def test_boo_03_options_of_the_task_win_one_by_one(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(503), answer(503), answer(200))
    keep(orders(service, "[orders.httpOptions.retry]\nmaxRetries = 1\ndelayMs = 0\n"))
    variables = {"url": "a", "httpOptions": {"retry": {"maxRetries": "2"}}}
    completed(await scene.run(variables, USES))
    assert len(service.requests) == 3


async def test_boo_03_no_authentication_of_a_template_leaves_the_profiles(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    completed(await scene.run({"url": "a", "authentication": {"type": "noAuth"}}, USES))
    own = {"type": "bearer", "token": "own"}
    completed(await scene.run({"url": "a", "authentication": own}, USES))
    assert [request.value("authorization") for request in service.requests] == ["Bearer t0ken", "Bearer own"]


def test_boo_03_the_file_is_read_again_when_it_changes(keep: Any) -> None:
    now = 0.0
    file = keep('[orders]\nbaseUrl = "http://h/"\n')
    profiles = Profiles(file, now=lambda: now)
    tree = {"httpOptions": {"profile": "billing"}}
    with pytest.raises(JobFailure, match="no profile of this worker; there are orders"):
        profiles.chosen(tree, "p")
    keep('[billing]\nbaseUrl = "http://h/"\n')
    now = 10.0
    chosen = profiles.chosen(tree, "p")
    assert chosen is not None
    keep("[billing")
    now = 20.0
    assert profiles.chosen(tree, "p") is not None


async def test_boo_04_an_operation_is_a_part_of_a_profile(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, '[orders.operations.cancel]\nmethod = "POST"\nurl = "cancel"\nbody = {why = "late"}\n'))
    uses = {**USES, "httpOptions.operation": "cancel"}
    completed(await scene.run({}, uses))
    completed(await scene.run({}, {**uses, "url": "cancel/7", "body": "={why: 1}"}))
    assert [request.line for request in service.requests] == ["POST /v2/cancel HTTP/1.1", "POST /v2/cancel/7 HTTP/1.1"]
    assert [request.body for request in service.requests] == [b'{"why":"late"}', b'{"why":1}']
    outcome = failed(await scene.run({}, {**USES, "httpOptions.operation": "renew"}))
    assert "the profile orders has cancel" in outcome.message
    outcome = failed(await scene.run({}, {**USES, "httpOptions.operation": "=[1]"}))
    assert "the profile orders has cancel" in outcome.message


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("items", "/v2/items"),
        ("/items?a=1", "/v2/items?a=1"),
        ("?a=1", "/v2?a=1"),
        ("", "/v2"),
        ("//evil/", "/v2/evil/"),
    ],
)
async def test_boo_05_a_relative_url_is_joined_to_the_base(scene: Scene, keep: Any, url: str, target: str) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service))
    completed(await scene.run({"url": url}, USES))
    assert service.requests[0].line == f"GET {target} HTTP/1.1"


async def test_boo_05_an_absolute_url_must_lead_to_the_same_origin(scene: Scene, keep: Any) -> None:
    service, other = await scene.serve(answer(200)), await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    completed(await scene.run({"url": service.url("/elsewhere")}, USES))
    base = service.url("").removeprefix("http://").rstrip("/")
    for url in (other.url(), [other.url()], f"http://{base}@127.0.0.1:{other.port}/"):
        outcome = failed(await scene.run({"url": url}, USES))
        assert (outcome.retries, error_of(outcome)["code"]) == (0, "URL_NOT_ALLOWED")
    assert (len(service.requests), other.requests) == (1, [])


async def test_boo_05_any_host_has_to_be_allowed(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep("[orders]\nanyHost = true\n" + TOKEN)
    completed(await scene.run({"url": service.url()}, USES))
    assert service.requests[0].value("authorization") == "Bearer t0ken"
    assert "has no baseUrl" in failed(await scene.run({"url": "items"}, USES)).message


async def test_boo_05_headers_of_a_profile_do_not_follow_to_another_origin(scene: Scene, keep: Any) -> None:
    other = await scene.serve(answer(200))
    service = await scene.serve(answer(302, b"", f"Location: {other.url()}"))
    keep(orders(service, '[orders.headers]\nX-Api-Key = "{{secrets.ORDERS}}"\n' + TOKEN))
    completed(await scene.run({"url": "a", "followRedirects": True, "headers": {"X-Trace": "1"}}, USES))
    assert service.requests[0].value("x-api-key") == "t0ken"
    (request,) = other.requests
    assert [request.value(name) for name in ("x-api-key", "authorization", "x-trace")] == [None, None, "1"]


async def test_boo_05_nor_do_those_of_an_operation(scene: Scene, keep: Any) -> None:
    other = await scene.serve(answer(200))
    service = await scene.serve(answer(302, b"", f"Location: {other.url()}"))
    keep(orders(service, '[orders.operations.list]\nurl = "a"\nheaders = {X-Api-Key = "{{secrets.ORDERS}}"}\n'))
    completed(await scene.run({"followRedirects": True}, {**USES, "httpOptions.operation": "list"}))
    assert service.requests[0].value("x-api-key") == "t0ken"
    assert other.requests[0].value("x-api-key") is None


@pytest.mark.parametrize("any_host", [False, True])
async def test_boo_05_nor_does_the_body_unless_any_host_is_allowed(scene: Scene, keep: Any, any_host: bool) -> None:
    other = await scene.serve(answer(200))
    service = await scene.serve(answer(307, b"", f"Location: {other.url()}"))
    keep(orders(service, f"anyHost = {str(any_host).lower()}\n"))
    outcome = await scene.run({"url": "a", "method": "POST", "body": {"a": 1}, "followRedirects": True}, USES)
    if any_host:
        completed(outcome)
        assert other.requests[0].body == b'{"a":1}'
    else:
        assert error_of(failed(outcome))["code"] == "URL_NOT_ALLOWED"
        assert other.requests == []


async def test_cmx_10_the_header_of_the_stored_credential_may_name_a_profile(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    completed(await scene.run({"url": service.url("/a")}, {"authenticationConfiguration": "orders"}))
    assert service.requests[0].value("authorization") == "Bearer t0ken"


async def test_cmx_22_a_profile_has_an_allow_list_of_its_own(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, 'secrets = ["MINE"]\n' + TOKEN))
    scene.environ |= {"SECRET_MINE": "mine", "SECRET_OTHER": "other"}
    variables = {"url": "a", "headers": {"A": "{{secrets.MINE}}", "B": "{{secrets.OTHER}}"}}
    completed(await scene.run(variables, USES))
    (request,) = service.requests
    assert (request.value("a"), request.value("b")) == ("mine", "{{secrets.OTHER}}")
    assert request.value("authorization") == "Bearer t0ken"


async def test_cmx_22_filters_for_models_do_not_hide_the_secrets_of_profiles(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    scene.environ["REST_CONNECTOR_SECRETS__ALLOW"] = "MINE"
    completed(await scene.run({"url": "a"}, USES))
    assert service.requests[0].value("authorization") == "Bearer t0ken"


async def test_cmx_24_secrets_of_profiles_are_masked(scene: Scene, keep: Any) -> None:
    service = await scene.serve_json({"echo": "t0ken"}, 400)
    keep(orders(service, TOKEN))
    outcome = failed(await scene.run({"url": "a"}, USES))
    assert "t0ken" not in outcome.message + (outcome.variables or "")
    assert "***" in outcome.message


async def test_cmx_41_meta_names_the_profile(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, "[orders.httpOptions.response]\nmeta = true\n"))
    outcome = await scene.run({"url": "a"}, {**USES, "resultVariable": "r"})
    assert completed(outcome)["r"]["meta"]["fromProfile"] == "orders"


async def test_cmx_41_meta_does_not_show_the_secrets_in_a_url(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(302, b"", "Location: /v2/b"), answer(200))
    keep(orders(service, '[orders.queryParameters]\nkey = "{{secrets.ORDERS}}"\n'))
    scene.environ["SECRET_ORDERS"] = "t0k/en é"
    variables = {"url": "a", "followRedirects": True, "httpOptions": {"response": {"meta": True}}}
    meta = completed(await scene.run(variables, {**USES, "resultVariable": "r"}))["r"]["meta"]
    assert "t0k" in service.requests[0].line
    assert meta["redirects"][0]["url"] == service.url("/v2/a?key=***")


async def test_alf_20_a_profile_has_a_breaker_of_its_own(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(500))
    rule = "enabled = true\nminCalls = 1\nwindow = 1\nopenMs = 60000\n"
    keep(orders(service, f"[orders.httpOptions.circuitBreaker]\n{rule}"))
    kinds = [error_of(await scene.run({"url": "a"}, USES))["variables"]["kind"] for _ in range(2)]
    assert kinds == ["http", "circuit_open"]
    options = {"circuitBreaker": {"enabled": True, "minCalls": 1, "window": 1}}
    direct = await scene.run({"url": service.url("/v2/a"), "httpOptions": options})
    assert error_of(direct)["variables"]["kind"] == "http"


async def test_alf_42_tasks_share_one_named_instance(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    headers = {**USES, "dialect": "alfresco"}
    assert completed(await scene.run({"restUrl": "items"}, headers))["restStatus"] == 200
    completed(await scene.run({}, headers))
    assert [request.line.split()[1] for request in service.requests] == ["/v2/items", "/v2"]


async def test_a_profile_may_be_for_some_processes_only(scene: Scene, keep: Any) -> None:
    service = await scene.serve(answer(200))
    keep(orders(service, 'processes = ["order"]\n'))
    completed(await scene.run({"url": "a"}, USES, process_id="order"))
    outcome = failed(await scene.run({"url": "a"}, USES, process_id="other"))
    assert (outcome.retries, len(service.requests)) == (0, 1)
    assert "The process other may not use the profile orders" in outcome.message


async def test_a_profile_may_have_its_own_proxy(scene: Scene, keep: Any) -> None:
    proxy = await scene.serve(answer(200))
    keep(f'[orders]\nbaseUrl = "http://orders.example/v2"\nproxy = "{proxy.url("")}"\n')
    completed(await scene.run({"url": "a"}, USES))
    assert proxy.requests[0].line == "GET http://orders.example/v2/a HTTP/1.1"


async def test_a_secret_that_is_no_proxy_fails_the_job_and_is_not_shown(scene: Scene, keep: Any) -> None:
    keep('[orders]\nbaseUrl = "http://orders.example/v2"\nproxy = "{{secrets.PROXY}}"\n')
    for wrong in ("http://me:pass＃word@proxy:3128", "http://me:password@proxy:http"):
        scene.environ["SECRET_PROXY"] = wrong
        outcome = failed(await scene.run({"url": "a"}, USES))
        assert outcome.retries == 0
        assert "The profile orders has no proxy that can be used" in outcome.message
        assert "pass" not in outcome.message


async def test_a_profile_may_have_certificates_in_files(scene: Scene, keep: Any, tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    identity = authority.identity("worker")
    for name, pem in (("ca", authority.pem), ("own", identity.certificate_pem + identity.key_pem())):
        (tmp_path / f"{name}.pem").write_text(pem)
    service = await scene.serve(answer(200), tls=authority.server_context(demand_client=True))
    files = f'[orders.tlsFiles]\nca = "{tmp_path}/ca.pem"\n'
    keep(orders(service, f'{files}certificate = "{tmp_path}/own.pem"\n'))
    completed(await scene.run({"url": "a"}, USES))
    assert len(service.requests) == 1
    assert failed(await scene.run({"url": service.url()})).retries == 2


async def test_the_profile_is_named_by_the_model_not_by_data(scene: Scene, keep: Any) -> None:
    keep(orders(await scene.serve(answer(200))))
    outcome = failed(await scene.run({"url": "a", "httpOptions": {"profile": "orders"}}))
    assert "httpOptions.profile is taken from task headers only" in outcome.message
    compatible = failed(await scene.run({"url": "a", "method": "GET"}, USES, type=CAMUNDA))
    assert "url" in compatible.message


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[orders", "is no TOML"),
        ("orders = 1", "profile orders must be a table"),
        ("[orders]\n", "profile orders: needs baseUrl, or anyHost = true"),
        ('[orders]\nbaseURL = "http://h/"', "profile orders: baseURL is not known; did you mean baseUrl?"),
        ('[orders]\nbaseUrl = "h"', "profile orders: baseUrl is a http(s) URL"),
        ('[orders]\nbaseUrl = "http://h/"\nprocesses = "all"', "profile orders: processes must be a list of texts"),
        ('[orders]\nbaseUrl = "http://h/"\nproxy = 5', "profile orders: proxy must be"),
        ('[orders]\nbaseUrl = "http://h/"\nproxy = "ftp://p"', "profile orders, proxy: expected a proxy such as"),
        ('[orders]\nbaseUrl = "http://h/"\ntlsFiles = {ca = "/no/where"}', "profile orders, tlsFiles: "),
        ('[orders]\nbaseUrl = "http://h/"\ntlsFiles = {ca = 5}', "profile orders, tlsFiles: every value is a text"),
        ('[orders]\nbaseUrl = "http://h/"\n[orders.authentication]\ntype = "bearer"', "authentication.token"),
        ('[orders]\nbaseUrl = "http://h/"\n[orders.httpOptions]\ntimeout = 5', "httpOptions.timeout is not known"),
        ('[orders]\nbaseUrl = "http://h/"\n[orders.operations.a]\nmethods = "x"', "did you mean method?"),
        ('[orders]\nbaseUrl = "http://h/"\n[orders.operations.a]\nheaders = 5', "profile orders, operation a: "),
    ],
)
async def test_a_file_that_cannot_be_used_ends_the_start(scene: Scene, keep: Any, text: str, said: str) -> None:
    keep(text)
    with pytest.raises(SettingsError) as caught:
        await scene.pipeline(NATIVE)
    assert str(caught.value).startswith("REST_CONNECTOR_PROFILES: ")
    assert said in str(caught.value)


async def test_an_unknown_profile_names_those_there_are(scene: Scene, keep: Any) -> None:
    outcome = failed(await scene.run({"url": "a"}, USES))
    assert "REST_CONNECTOR_PROFILES names none" in outcome.message


async def test_boo_05_a_url_out_of_a_document_is_held_to_the_origin_too(scene: Scene, keep: Any) -> None:
    service, other = await scene.serve(answer(200)), await scene.serve(answer(200))
    keep(orders(service, TOKEN))
    inline = {"camunda.document.type": "inline", "content": other.url(), "name": "url.txt"}
    by_call = {"camunda.function.type": "getText", "params": [inline]}
    for url in (inline, by_call):
        outcome = failed(await scene.run({"url": url}, USES))
        assert outcome.retries == 0
    assert (service.requests, other.requests) == ([], [])
