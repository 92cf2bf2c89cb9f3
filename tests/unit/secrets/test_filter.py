"""Which secrets a model allows (contract 3.3, 13.8 SE-042 to SE-044)."""

from __future__ import annotations

import logging

import pytest
from aiohttp import web

from worker.engine_api import EngineApi
from worker.errors import ILLEGAL_ARGUMENT, JobFailure
from worker.secrets import SecretScope
from worker.secrets.deployed import models_of
from worker.secrets.filter import ALLOW_ALL, AllOf, AllowList, ModelFilter
from worker.secrets.model import ModelError, secret_names

MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
                  xmlns:zeebe="http://camunda.org/schema/zeebe/1.0">
  <bpmn:process id="p">
    <bpmn:serviceTask id="rest" zeebe:modelerTemplate="t">
      <bpmn:extensionElements><zeebe:ioMapping>
        <zeebe:input source="{{secrets.TOKEN}}" target="authentication.token" />
        <zeebe:input source="=&quot;https://&quot; + &quot;{{ secrets.HOST }}&quot;" target="url" />
        <zeebe:input source="secrets.bare/name" target="headers.X" />
        <zeebe:output source="secrets.OUT" target="x" />
      </zeebe:ioMapping>
      <zeebe:taskHeaders><zeebe:header key="headers.Y" value="{{secrets.HEADER}}" /></zeebe:taskHeaders>
      </bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:subProcess id="sub"><bpmn:sendTask id="inner" zeebe:modelerTemplate="t">
      <bpmn:extensionElements><zeebe:ioMapping><zeebe:input source="{{secrets.INNER}}" target="x" /></zeebe:ioMapping>
      </bpmn:extensionElements></bpmn:sendTask></bpmn:subProcess>
    <bpmn:serviceTask id="plain"><bpmn:extensionElements><zeebe:ioMapping>
      <zeebe:input source="{{secrets.NO_TEMPLATE}}" target="x" /></zeebe:ioMapping></bpmn:extensionElements>
    </bpmn:serviceTask>
    <bpmn:userTask id="user" zeebe:modelerTemplate="t"><bpmn:extensionElements><zeebe:ioMapping>
      <zeebe:input source="{{secrets.USER}}" target="x" /></zeebe:ioMapping></bpmn:extensionElements></bpmn:userTask>
    <bpmn:scriptTask id="none" zeebe:modelerTemplate="t" />
  </bpmn:process>
</bpmn:definitions>"""


def scope(element: str, key: int = 1, cluster: str = "") -> SecretScope:
    return SecretScope(element_id=element, process_definition_key=key, physical_tenant_id=cluster)


def test_names_are_found_per_element() -> None:
    found = secret_names(MODEL)
    assert {element: names.in_template for element, names in found.items()} == {
        "rest": {"TOKEN", "HOST", "bare/name"},
        "inner": {"INNER"},
        "plain": set(),
        "none": set(),
    }
    assert found["rest"].anywhere == {"TOKEN", "HOST", "bare/name", "HEADER"}
    assert found["plain"].anywhere == {"NO_TEMPLATE"}


@pytest.mark.parametrize("xml", ["", "<open>", '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'])
def test_what_is_no_model_is_refused(xml: str) -> None:
    with pytest.raises(ModelError):
        secret_names(xml)


class Engine:
    """Serves the model and counts; fails while `down`."""

    def __init__(self) -> None:
        self.calls = 0
        self.down = False

    async def fetch(self, scope: SecretScope) -> str:
        self.calls += 1
        if self.down:
            raise OSError("engine down")
        return MODEL


@pytest.mark.parametrize("strict", [True, False])
async def test_only_names_of_the_elements_mappings_are_allowed(strict: bool) -> None:
    rule = ModelFilter(Engine().fetch, strict=strict)
    allowed = await rule.allowed(scope("rest"))
    assert [allowed(name) for name in ("TOKEN", "HOST", "OTHER", "INNER")] == [True, True, False, False]
    assert not (await rule.allowed(scope("unknown")))("TOKEN")


async def test_models_are_kept_per_cluster_and_definition() -> None:
    engine = Engine()
    rule = ModelFilter(engine.fetch, strict=True, cache_size=2)
    for each in (scope("rest"), scope("inner"), scope("rest", 2), scope("rest"), scope("rest", 1, "other")):
        await rule.allowed(each)
    assert engine.calls == 3
    await rule.allowed(scope("rest", 2))  # dropped: two models are kept, and the first was used later
    assert engine.calls == 4


async def test_without_a_cache_each_job_asks() -> None:
    engine = Engine()
    rule = ModelFilter(engine.fetch, strict=True, cache_size=0)
    await rule.allowed(scope("rest"))
    await rule.allowed(scope("rest"))
    assert engine.calls == 2


async def test_cmx_22_strict_fails_and_lax_allows_when_the_engine_does_not_answer(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Engine()
    engine.down = True
    with pytest.raises(JobFailure, match="Error retrieving secret keys") as caught:
        await ModelFilter(engine.fetch, strict=True).allowed(scope("rest"))
    assert caught.value.type == ILLEGAL_ARGUMENT
    assert not caught.value.final
    lax = ModelFilter(engine.fetch, strict=False)
    with caplog.at_level(logging.WARNING):
        assert (await lax.allowed(scope("rest")))("ANYTHING")
    assert "every secret is allowed" in caplog.text
    engine.down = False
    assert not (await lax.allowed(scope("rest")))("ANYTHING")


async def test_deployed_models_come_from_the_engines_api() -> None:
    paths: list[str] = []

    async def serve(request: web.Request) -> web.Response:
        paths.append(request.path)
        return web.Response(text=MODEL) if request.path.endswith("/7/xml") else web.Response(status=404)

    application = web.Application()
    application.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = EngineApi(f"http://127.0.0.1:{runner.addresses[0][1]}")
    rule = ModelFilter(models_of(api), strict=True)
    assert (await rule.allowed(scope("rest", 7)))("TOKEN")
    with pytest.raises(JobFailure, match="Error retrieving secret keys"):
        await rule.allowed(scope("rest", 8))
    assert paths == ["/v2/process-definitions/7/xml", "/v2/process-definitions/8/xml"]
    await api.close()
    await runner.cleanup()


async def test_without_the_engines_address_no_model_can_be_read() -> None:
    assert (await ModelFilter(models_of(None), strict=False).allowed(scope("rest")))("ANY")
    with pytest.raises(JobFailure, match="Error retrieving secret keys"):
        await ModelFilter(models_of(None), strict=True).allowed(scope("rest"))


async def test_all_of_several_filters_must_allow() -> None:
    both = await AllOf([ALLOW_ALL, AllowList({"A", "B"}), AllowList({"B"})]).allowed(scope("x"))
    assert [both(name) for name in ("A", "B")] == [False, True]
