"""Starting a broker that cannot start says why; a shell script stands in for Java."""

from __future__ import annotations

import socket
from dataclasses import astuple, replace
from pathlib import Path

import pytest

from worker.dev.broker import Broker, Ports, free_ports
from worker.dev.java import EngineUnavailable


def broker(folder: Path, ports: Ports, script: str = "exit 0", **environ: str) -> Broker:
    java = folder / "java"
    java.write_text(f"#!/bin/sh\n{script}\n")
    java.chmod(0o755)
    return Broker(java=java, home=folder / "home", ports=ports, folder=folder / "state", environ=environ)


def test_free_ports_are_all_different() -> None:
    ports = astuple(free_ports())

    assert len(set(ports)) == len(ports)


def test_a_port_that_is_taken_is_named_before_anything_is_started(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        with pytest.raises(EngineUnavailable, match=f"port {port} is taken"):
            broker(tmp_path, replace(free_ports(), gateway=port)).start()

    assert not (tmp_path / "state").exists()


def test_a_process_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    starting = broker(tmp_path, free_ports(), "echo no room for the heap >&2; exit 1")

    with pytest.raises(EngineUnavailable, match="the broker ended while starting:\nno room for the heap"), starting:
        pass

    assert not starting.running()


def test_the_environment_of_other_engines_does_not_reach_it(tmp_path: Path) -> None:
    ports = free_ports()
    starting = broker(tmp_path, ports, "/usr/bin/env; exit 1", ZEEBE_BROKER_CLUSTER_CLUSTERSIZE="3", TZ="UTC")

    with pytest.raises(EngineUnavailable):
        starting.start()

    shown = starting.log.read_text().splitlines()
    assert f"ZEEBE_BROKER_GATEWAY_NETWORK_PORT={ports.gateway}" in shown
    assert "ZEEBE_BROKER_GATEWAY_NETWORK_HOST=127.0.0.1" in shown
    assert "TZ=UTC" in shown
    assert not [line for line in shown if "CLUSTERSIZE" in line]
