#!/usr/bin/python3
"""Modbus tools that are not ours read a meter through a real gateway."""

import re
import signal
import subprocess
import threading

import neighbourhood
from neighbourhood import LoneGateway, free_port, wait_until

SUNSPEC = 40000
METER_MODEL = SUNSPEC + 2 + 2 + 66  # after "SunS" and model 1
STATUS = 65500
MEMORY_KB_MAX = 24 * 1024
AGE_MAX = 10  # seconds; a loaded machine is slow
SERVER = """[modbus_server]
listen = "127.0.0.1:{port}"
age_max_seconds = {age_max}
[[modbus_server.write]]
meter = "hh01-grid"
address = 40100
min = 0
max = 100
"""


def mbpoll(port, address, count, *words):
    """What mbpoll reads, or writes when there are words, and what it said."""
    command = ["mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", str(address), "-t", "4:hex", "-1", "-o", "10", "-p",
               str(port)]
    command += ["127.0.0.1", *map(str, words)] if words else ["-c", str(count), "127.0.0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    found = {int(at): int(word, 16) for at, word in re.findall(r"^\[(\d+)\]:\s+0x([0-9A-F]+)", done.stdout, re.M)}
    return [found[at] for at in sorted(found)], done.stdout + done.stderr


class Mirror(LoneGateway):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.meter, cls.meter_port = cls.start_meter()
        cls.port = free_port()
        cls.write_gateway(cls.meter_port, SERVER.format(port=cls.port, age_max=AGE_MAX))
        cls.gateway = cls.start_gateway()
        wait_until(lambda: mbpoll(cls.port, STATUS, 3)[0][2:] == [1], 60, "a meter that was read")

    def read(self, address, count):
        words, said = mbpoll(self.port, address, count)
        self.assertEqual(len(words), count, said)
        return words

    def test_1_tools_see_the_device_as_it_is(self):
        """Its marker, which no poll reads, and its models, which polls do."""
        self.assertEqual(self.read(SUNSPEC, 2), [0x5375, 0x6E53])
        direct, _ = mbpoll(self.meter_port, METER_MODEL, 2)
        self.assertEqual(self.read(METER_MODEL, 2), direct)
        self.assertEqual(self.read(STATUS, 1), [0x4357])
        _, said = mbpoll(self.port, 100, 2)
        self.assertIn("Illegal data address", said)

    def test_2_three_at_once_get_right_values(self):
        wrong = []

        def poll():
            for _ in range(10):
                words, said = mbpoll(self.port, METER_MODEL, 2)
                if len(words) != 2 or words[1] != 105:
                    wrong.append(said)

        tools = [threading.Thread(target=poll) for _ in range(3)]
        for tool in tools:
            tool.start()
        for tool in tools:
            tool.join()
        self.assertEqual(wrong, [])

    def test_3_writes_are_refused_unless_permitted(self):
        self.assertIn("Illegal function", mbpoll(self.port, 40101, 1, 5)[1])
        self.assertIn("Illegal data value", mbpoll(self.port, 40100, 1, 101)[1])
        self.assertIn("Illegal function", mbpoll(self.port, 40100, 1, 100)[1], "the simulated meter's own refusal")

    def test_4_the_gateway_stays_small(self):
        with open(f"/proc/{self.gateway.pid}/status", encoding="utf-8") as status:
            kilobytes = int(re.search(r"VmRSS:\s+(\d+)", status.read()).group(1))
        print(f"the gateway holds {kilobytes} kB", flush=True)
        with open(f"/proc/{self.gateway.pid}/maps", encoding="utf-8") as maps:
            sanitised = "libasan" in maps.read()
        if not sanitised:
            self.assertLess(kilobytes, MEMORY_KB_MAX)

    def test_5_old_values_are_never_given_as_new(self):
        self.meter.kill()
        self.meter.wait()
        wait_until(lambda: mbpoll(self.port, STATUS, 3)[0][2:] == [0], 60, "a meter that does not answer")
        self.assertGreaterEqual(self.read(STATUS, 3)[1], AGE_MAX)
        self.assertIn("Target device failed to respond", mbpoll(self.port, METER_MODEL, 2)[1])
        self.gateway.send_signal(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(60), 0)


if __name__ == "__main__":
    neighbourhood.main()
