#!/usr/bin/python3
"""A Sparkplug host application that is not ours follows a real gateway, and the broker keeps what Home Assistant needs.

The market's broker is not there all the while: publishing in the house does not depend on it. Needs node and
`npm ci` in tests/peers.
"""

import json
import os
import pathlib
import queue
import shutil
import signal
import socket
import subprocess
import threading
import time
import unittest

import neighbourhood
from neighbourhood import LoneGateway, free_port, wait_until

PEERS = pathlib.Path(__file__).resolve().parent.parent / "peers"
TOOLS = """[home_assistant]
broker = "mqtt://127.0.0.1:{port}"
period_seconds = 1
[sparkplug]
broker = "mqtt://127.0.0.1:{port}"
group = "street"
period_seconds = 1
"""


class Host:
    """sparkplug_host.js, and what it said."""

    def __init__(self, port):
        self.process = subprocess.Popen(["node", PEERS / "sparkplug_host.js", "127.0.0.1", str(port)], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.lines = queue.Queue()
        self.seen = []
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def wait_for(self, verb, seconds=120):
        """The next message of that kind; the others before it are kept in `seen`."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                message = self.lines.get(timeout=left)
            except queue.Empty:
                break
            self.seen.append(message)
            if message["verb"] == verb:
                return message
        raise AssertionError(f"no {verb} within {seconds} s; the host saw {self.seen[-5:]}")

    def ask_for_rebirth(self):
        self.process.stdin.write("rebirth street hh01\n")
        self.process.stdin.flush()

    def stop(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Sparkplug(LoneGateway):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not shutil.which("node"):
            raise AssertionError("node is not installed (tools/setup test)")
        if not (PEERS / "node_modules").is_dir():
            raise AssertionError(f"the foreign host is not installed; run npm ci in {PEERS}")
        cls.port = free_port()
        cls.start_broker()
        cls.meter, meter_port = cls.start_meter()
        cls.write_gateway(meter_port, TOOLS.format(port=cls.port))
        cls.host = Host(cls.port)
        cls.addClassCleanup(cls.host.stop)
        cls.host.wait_for("READY")

    @classmethod
    def start_broker(cls):
        configuration = cls.directory / "mosquitto.conf"
        user = "user root\n" if os.geteuid() == 0 else ""
        configuration.write_text(f"{user}listener {cls.port} 127.0.0.1\nallow_anonymous true\n")
        program = shutil.which("mosquitto", path=os.environ["PATH"] + ":/usr/sbin")
        cls.start(program, "-c", configuration)

        def listens():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", cls.port)) == 0

        wait_until(listens, 60, "the house's broker")

    def retained(self, topic):
        """What the broker keeps in a topic, as one who comes now gets it, or what comes first."""
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(self.port), "-t", topic, "-C", "1", "-W", "60"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()

    def expect_retained(self, topic, text):
        """The gateway speaks to its two tools one after the other: what one has heard may not have come to the other yet."""
        wait_until(lambda: self.retained(topic) == text, 120, f"'{text}' in {topic}")

    def test_the_host_complains_of_what_it_cannot_understand(self):
        """Otherwise its silence in the other test would say nothing."""
        for message in ("no payload", ""):
            subprocess.run(["mosquitto_pub", "-h", "127.0.0.1", "-p", str(self.port), "-t",
                            "spBv1.0/elsewhere/DDATA/unborn/meter", *(["-m", message] if message else ["-n"])],
                           check=True)
            self.assertTrue(self.host.wait_for("DDATA")["complaint"])
        self.host.seen.clear()

    def test_a_foreign_host_understands_births_data_and_deaths(self):
        gateway = self.start_gateway()
        birth = self.host.wait_for("NBIRTH")
        first = birth["metrics"]["bdSeq"]["value"]
        self.assertEqual((birth["group"], birth["node"], birth["qos"], birth["retain"]), ("street", "hh01", 0, False))
        self.assertLess(abs(birth["timestamp"] / 1000 - time.time()), 60)

        device = self.host.wait_for("DBIRTH")
        self.assertEqual(device["device"], "hh01-grid")
        energy = device["metrics"]["energy_import"]
        self.assertEqual((energy["type"], energy["unit"]), ("Int64", "Wh"))
        self.assertGreaterEqual(energy["value"], 0)
        self.assertEqual(device["metrics"]["active_power"]["type"], "Double")
        data = self.host.wait_for("DDATA")
        self.assertTrue(data["metrics"])

        self.host.ask_for_rebirth()
        again = self.host.wait_for("NBIRTH")
        self.assertEqual(again["metrics"]["bdSeq"]["value"], first, "a rebirth is no new session")
        self.host.wait_for("DBIRTH")

        config = json.loads(self.retained("homeassistant/device/+/config"))
        self.assertIn("energy_import", config["components"])
        self.expect_retained("commonwatt/hh01/availability", "online")

        gateway.send_signal(signal.SIGTERM)
        self.assertEqual(gateway.wait(60), 0)
        death = self.host.wait_for("NDEATH")
        self.assertEqual(death["metrics"]["bdSeq"]["value"], first)
        self.expect_retained("commonwatt/hh01/availability", "offline")

        gateway = self.start_gateway()
        birth = self.host.wait_for("NBIRTH")
        second = birth["metrics"]["bdSeq"]["value"]
        self.assertEqual(second, first + 1)
        self.host.wait_for("DBIRTH")
        self.meter.kill()
        lost = self.host.wait_for("DDEATH")
        self.assertEqual(lost["device"], "hh01-grid")
        self.expect_retained("commonwatt/hh01/hh01-grid/availability", "offline")

        gateway.kill()
        death = self.host.wait_for("NDEATH")
        self.assertEqual((death["metrics"]["bdSeq"]["value"], death["qos"]), (second, 1))
        self.expect_retained("commonwatt/hh01/availability", "offline")
        self.assertEqual([message for message in self.host.seen if message.get("complaint")], [])


if __name__ == "__main__":
    neighbourhood.main()
