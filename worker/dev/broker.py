"""A real Zeebe broker on loopback: `python -m worker.dev.broker`, and a context manager for tests.

    with Broker(java=find_java(), home=broker_home(cache_folder()), ports=free_ports(), folder=folder) as broker:
        ...                                    # broker.address speaks gRPC, broker.rest_url REST v2

It needs a Java (`java`) and the unpacked archive (`artifact`); the state lies in the folder it is given.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from worker.dev.artifact import VERSION, broker_home, cache_folder
from worker.dev.java import EngineUnavailable, find_java

HOST = "127.0.0.1"
JVM_OPTIONS = (
    "-Xms256m",
    "-Xmx768m",
    "-XX:+UseSerialGC",
    "-XX:+ExitOnOutOfMemoryError",
    "-Dfile.encoding=UTF-8",
    "--enable-native-access=ALL-UNNAMED",
)
MAIN_CLASS = "io.camunda.application.StandaloneBroker"
READINESS_PATH = "/actuator/health/readiness"  # what `/ready` redirects to
READY_SECONDS = 180.0
STOP_SECONDS = 20.0
PROBE_INTERVAL_SECONDS = 0.25
OTHER_CONFIGURATION = ("ZEEBE_", "CAMUNDA_", "SPRING_", "SERVER_", "MANAGEMENT_")


@dataclass(frozen=True, slots=True)
class Ports:
    gateway: int
    command: int
    cluster: int
    management: int
    rest: int


DEFAULT_PORTS = Ports(gateway=26500, command=26501, cluster=26502, management=9600, rest=8080)


def free_ports() -> Ports:
    """Ports that are free now, all different."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(5)]
        for each in sockets:
            each.bind((HOST, 0))
        return Ports(*(each.getsockname()[1] for each in sockets))


class Broker:
    """One broker process. Its state in `folder` outlives `stop` and `kill`, so `start` goes on where it was."""

    def __init__(
        self, *, java: Path, home: Path, ports: Ports, folder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self.ports = ports
        self.address = f"{HOST}:{ports.gateway}"
        self.rest_url = f"http://{HOST}:{ports.rest}"
        self.log = folder / "console.log"
        self._folder = folder
        self._environ = os.environ if environ is None else environ
        self._command = [str(java), *JVM_OPTIONS, f"-Dapp.home={folder}", f"-Dbasedir={folder}"]
        self._command += ["-classpath", f"{home}/config{os.pathsep}{home}/lib/*", MAIN_CLASS]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Broker:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, stopping: Callable[[], bool] = lambda: False) -> None:
        """Start the process and wait until it takes commands; an end before that raises `EngineUnavailable`."""
        _refuse_taken(self.ports)
        self._folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the Java and the classes found above
                self._command,
                env=_environment(self._environ, self.ports, self._folder / "data"),
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C reaches this program, which stops the broker in order
            )
        end = time.monotonic() + READY_SECONDS
        while not _ready(self.ports.management):
            if stopping():
                return
            if self._process.poll() is not None:
                raise EngineUnavailable(f"the broker ended while starting:\n{self.log_tail()}")
            if time.monotonic() > end:
                raise EngineUnavailable(f"the broker was not ready after {READY_SECONDS:.0f} s:\n{self.log_tail()}")
            time.sleep(PROBE_INTERVAL_SECONDS)

    def stop(self) -> None:
        """End it in order; kill it if that takes too long."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def kill(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None

    @property
    def pid(self) -> int:
        """The running process; 0 when there is none."""
        return 0 if self._process is None else self._process.pid

    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def log_tail(self, lines: int = 30) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def main(argv: Sequence[str] | None = None) -> int:
    """Run a broker until Ctrl-C or SIGTERM; 0 after a clean stop, 1 when it could not run."""
    parser = argparse.ArgumentParser(prog="python -m worker.dev.broker", description=f"Run a Zeebe {VERSION} broker.")
    parser.add_argument("--free-ports", action="store_true", help="take free ports instead of 26500, 26501, ...")
    parser.add_argument("--data", type=Path, metavar="DIR", help="keep the state there; a throw-away folder otherwise")
    arguments = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="zeebe-", ignore_cleanup_errors=True) as scratch:
        try:
            return _serve(
                arguments.data or Path(scratch), free_ports() if arguments.free_ports else DEFAULT_PORTS, stop
            )
        except EngineUnavailable as error:
            _say(str(error))
            return 1


def _serve(folder: Path, ports: Ports, stop: threading.Event) -> int:
    java = find_java()
    home = broker_home(cache_folder(), _say)
    _say(f"starting Zeebe {VERSION} with {java}")
    broker = Broker(java=java, home=home, ports=ports, folder=folder.absolute())
    try:
        broker.start(stop.is_set)
        if not stop.is_set():
            _say(f"Zeebe {VERSION} is ready: gRPC on {broker.address}, REST on {broker.rest_url}, log in {broker.log}")
        while not stop.wait(1.0):
            if not broker.running():
                raise EngineUnavailable(f"the broker has ended:\n{broker.log_tail()}")
    finally:
        broker.stop()
    _say("Zeebe has stopped")
    return 0


def _environment(environ: Mapping[str, str], ports: Ports, data: Path) -> dict[str, str]:
    """The broker's configuration; what the caller's environment says about other Zeebes is left out."""
    inherited = {name: value for name, value in environ.items() if not name.startswith(OTHER_CONFIGURATION)}
    return inherited | {
        "ZEEBE_BROKER_GATEWAY_NETWORK_HOST": HOST,
        "ZEEBE_BROKER_GATEWAY_NETWORK_PORT": str(ports.gateway),
        "ZEEBE_BROKER_NETWORK_HOST": HOST,
        "ZEEBE_BROKER_NETWORK_COMMANDAPI_PORT": str(ports.command),
        "ZEEBE_BROKER_NETWORK_INTERNALAPI_PORT": str(ports.cluster),
        "ZEEBE_BROKER_DATA_DIRECTORY": str(data),
        "ZEEBE_BROKER_DATA_LOGSEGMENTSIZE": "16MB",
        # The broker stops working below 2 GB of free disk by default, which a laptop may well have.
        "ZEEBE_BROKER_DATA_DISK_FREESPACE_PROCESSING": "100MB",
        "ZEEBE_BROKER_DATA_DISK_FREESPACE_REPLICATION": "50MB",
        "SERVER_ADDRESS": HOST,
        "SERVER_PORT": str(ports.rest),
        "MANAGEMENT_SERVER_ADDRESS": HOST,
        "MANAGEMENT_SERVER_PORT": str(ports.management),
    }


def _refuse_taken(ports: Ports) -> None:
    """A port that somebody else holds would show up as a failure deep in the log, or as somebody else's readiness."""
    for port in astuple(ports):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                text = f"port {port} is taken ({error.strerror}); stop the other program or use --free-ports"
                raise EngineUnavailable(text) from error


def _ready(port: int) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=2)
    try:
        connection.request("GET", READINESS_PATH)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - the output of this command


if __name__ == "__main__":
    sys.exit(main())
