"""Starts neighbourhoods for the end-to-end tests and reads what they leave behind.

Every test takes the path of the program `commonwatt` as its first argument. A test ends only processes that its own
demo lists in processes.json.
"""

import contextlib
import json
import math
import os
import pathlib
import random
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.request

GATEWAY = """[household]
id = "hh01"
store = "store"
keys = "keys"
[broker]
uri = "ssl://127.0.0.1:9"
ca = "nobody.pem"
certificate = "nobody.pem"
key = "nobody.key"
[market]
origin = "commonwatt.example/street"
log_key = "{log_key}"
retail_price = 300000
feed_in_price = 80000
[[meter]]
id = "hh01-grid"
role = "billing"
rating_w = 14000
url = "modbus+tcp://127.0.0.1:{meter_port}?unit=1"
response_timeout_ms = 10000
"""
RUN_SECONDS_MAX = 240
START_SECONDS_MAX = 300
INTERVAL_SECONDS = 900
CLOCK_SLOT = 24 + 16 * 253  # the last place of a clock's file for a participant: process and deadline (paced_clock.cpp)
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


def reference_data(folder):
    """A folder of the data of real devices, which is not part of the project; it need not exist."""
    root = os.environ.get("COMMONWATT_REFERENCE_DATA")
    return pathlib.Path(root) / folder if root else REPOSITORY.parent / "shared" / "data" / folder


def wait_until(condition, seconds, what):
    """Waits until the condition holds and returns what it gave; names what never came."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if found := condition():
            return found
        time.sleep(0.002)
    raise AssertionError(f"{what} did not come about within {seconds} s")


def runs(pid):
    """Whether a process runs; one that ended and was not collected yet does not."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Demo:
    """One `commonwatt demo --keep`, in the background."""

    def __init__(self, program, directory, households, intervals, *, speed=1800, seed=1, options=()):
        self.directory = pathlib.Path(directory)
        self.told = self.directory.with_name(self.directory.name + ".stderr")
        command = [program, "demo", "--households", str(households), "--intervals", str(intervals), "--speed",
                   str(speed), "--seed", str(seed), "--dashboard", "no", "--keep", str(self.directory), "--json"]
        with self.told.open("w") as told:
            self.process = subprocess.Popen(command + list(options), stdout=subprocess.PIPE, stderr=told, text=True)

    def processes(self):
        """The demo's own children by name; none while there is no list."""
        try:
            return json.loads((self.directory / "processes.json").read_text())
        except (OSError, ValueError):
            return {}

    def pid(self, name):
        """The pid of a child, 0 when it does not run. Only what belongs to this demo counts."""
        pid = self.processes().get(name, 0)
        with contextlib.suppress(OSError):
            if pid and str(self.directory).encode() in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        return 0

    def now(self):
        """Market time in seconds, 0 before there is one."""
        with contextlib.suppress(OSError, struct.error):
            with (self.directory / "clock").open("rb") as clock:
                return struct.unpack("=qq", clock.read(16))[1] / 1e9
        return 0

    def run_until(self, moment):
        """Lets market time run to a moment and no further, however slow the test is: it takes part in the clock, which waits
        for it there, ten real seconds at most, until it names a later moment or lets go."""
        moment = math.ceil(moment)
        self.announce(os.getpid(), moment)
        wait_until(lambda: self.now() >= moment or self.process.poll() is not None, 120, f"market time {moment}")

    def let_go(self):
        """Market time does not wait for the test any more."""
        self.announce(0, 0)

    def announce(self, pid, seconds):
        with (self.directory / "clock").open("r+b", buffering=0) as clock:
            for place, number in (CLOCK_SLOT + 8, seconds * 10**9), (CLOCK_SLOT, pid):
                clock.seek(place)
                clock.write(struct.pack("=q", number))

    @contextlib.contextmanager
    def standing_still(self):
        """Market time stands still meanwhile, and nothing that ends is started again; all that runs goes on."""
        self.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process.send_signal(signal.SIGCONT)

    def kill(self, name):
        """kill -9 of one of the demo's own parts, as soon as it runs; its pid."""
        pid = wait_until(lambda: self.process.poll() is not None or self.pid(name), 60, f"a running {name}")
        assert self.process.poll() is None, "the demo ended early: " + self.told.read_text()[-2000:]
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: self.pid(name) != pid, 60, f"the supervisor's notice that {name} died")
        return pid

    def api(self, path):
        """What the controller's API answers; nothing while it does not."""
        with contextlib.suppress(OSError, ValueError, StopIteration):
            settings = (self.directory / "controller" / "controller.toml").read_text()
            port = next(line.split("=")[1].strip() for line in settings.splitlines() if line.startswith("port ="))
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
                return json.load(answer)
        return {}

    def wait_for_trading(self):
        """Until every gateway reports and the clock runs."""
        wait_until(lambda: self.process.poll() is not None or "is up after" in self.told.read_text(),
                   START_SECONDS_MAX, "a running neighbourhood")
        assert self.process.poll() is None, "the demo ended at once: " + self.told.read_text()

    def finish(self):
        """Waits for its end; the exit status, the JSON object or nothing, and what it told."""
        try:
            out, _ = self.process.communicate(timeout=RUN_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.stop()
            raise AssertionError(f"the demo did not end: {self.told.read_text()[-2000:]}") from None
        lines = out.splitlines()
        return self.process.returncode, json.loads(lines[-1]) if lines else None, self.told.read_text()

    def stop(self):
        """Ends the demo if it still runs, and whatever it should have ended."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(30)
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()


class Neighbourhood(unittest.TestCase):
    """A test with a program and a directory of its own."""

    program = ""
    directory = pathlib.Path()

    @classmethod
    def setUpClass(cls):
        cls.directory = pathlib.Path(tempfile.mkdtemp(prefix="commonwatt-end-to-end-"))
        cls.demos = []
        cls.addClassCleanup(cls.clean_up)

    @classmethod
    def clean_up(cls):
        for demo in cls.demos:
            demo.stop()
        shutil.rmtree(cls.directory, ignore_errors=True)

    @classmethod
    def start_demo(cls, name, households, intervals, **how):
        demo = Demo(cls.program, cls.directory / name, households, intervals, **how)
        cls.demos.append(demo)
        return demo

    @classmethod
    def call(cls, *arguments):
        """Runs `commonwatt ARGUMENT...` to its end."""
        return subprocess.run([cls.program, *map(str, arguments)], capture_output=True, text=True, timeout=60)


def free_port():
    """A port below those that the system hands out by itself, so that nobody is given it before it is used."""
    while True:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", random.randrange(20_000, 32_768)))
            return probe.getsockname()[1]


class LoneGateway(Neighbourhood):
    """A real gateway with one simulated meter, whose market's broker is not there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.told = (cls.directory / "told").open("w")
        cls.addClassCleanup(cls.told.close)

    @classmethod
    def start(cls, *command):
        process = subprocess.Popen([str(part) for part in command], stderr=cls.told)
        cls.addClassCleanup(lambda: (process.kill(), process.wait()))
        return process

    @classmethod
    def start_meter(cls):
        """The meter's process and its port."""
        port_file = cls.directory / "port"
        now = time.time()
        today, after_tomorrow = (time.strftime("%Y-%m-%d", time.gmtime(now + days * 86400)) for days in (0, 2))
        meter = cls.start(cls.program, "simulate-meter", "--household", 0, "--port-file", port_file, "--begin",
                          f"{today}T00:00:00Z", "--end", f"{after_tomorrow}T00:00:00Z")
        return meter, wait_until(lambda: port_file.exists() and port_file.read_text().strip(), 60, "the meter")

    @classmethod
    def write_gateway(cls, meter_port, more):
        (cls.directory / "store").mkdir()
        subprocess.run([cls.program, "keys", "make", "--dir", cls.directory / "keys"], check=True, capture_output=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=nobody", "-days", "2",
                        "-keyout", cls.directory / "nobody.key", "-out", cls.directory / "nobody.pem"], check=True,
                       capture_output=True)
        (cls.directory / "gateway.toml").write_text(GATEWAY.format(log_key="01" * 32, meter_port=meter_port) + more)

    @classmethod
    def start_gateway(cls):
        return cls.start(cls.program, "gateway", "--config", cls.directory / "gateway.toml")


def main():
    """unittest.main, with the program's path as the first argument."""
    if len(sys.argv) < 2 or not os.access(sys.argv[1], os.X_OK):
        sys.exit(f"usage: {sys.argv[0]} PROGRAM [TEST...]; PROGRAM is the built commonwatt")
    Neighbourhood.program = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)


# --- what a run leaves ---


def cbor(data):
    """Decodes what the program stores: arrays, integers and byte strings."""
    value, end = cbor_item(data, 0)
    assert end == len(data), "bytes follow the CBOR item"
    return value


def cbor_item(data, at):
    major, short = data[at] >> 5, data[at] & 0x1F
    at += 1
    argument = short
    if short >= 24:
        size = 1 << (short - 24)
        argument = int.from_bytes(data[at : at + size], "big")
        at += size
    if major == 0:
        return argument, at
    if major == 1:
        return -1 - argument, at
    if major == 2:
        return data[at : at + argument], at + argument
    assert major == 4, f"CBOR major type {major} is never written"
    items = []
    for _ in range(argument):
        item, at = cbor_item(data, at)
        items.append(item)
    return items, at


def rows(file, query):
    """All rows of a query. The file is copied first: reading must not disturb what is under test."""
    with tempfile.TemporaryDirectory() as copies:
        for suffix in ("", "-wal"):
            if (source := file.with_name(file.name + suffix)).exists():
                shutil.copy(source, copies)
        with contextlib.closing(sqlite3.connect(pathlib.Path(copies) / file.name)) as database:
            return database.execute(query).fetchall()


def register_rows(file):
    """What a simulated device wrote of itself: boundary to (import, export)."""
    table = {}
    for line in file.read_text().splitlines():
        seconds, imported, exported = map(int, line.split(","))
        table[seconds] = (imported, exported)
    return table
