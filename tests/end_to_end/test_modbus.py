#!/usr/bin/python3
"""A Modbus tool that is not ours reads the simulated SunSpec meter."""

import re
import subprocess

import neighbourhood
from neighbourhood import Neighbourhood, register_rows, wait_until

SUNSPEC = 40000
METER_MODEL = SUNSPEC + 2 + 2 + 66  # after "SunS" and model 1
EXPORT, IMPORT = METER_MODEL + 38, METER_MODEL + 46  # TotWhExp, TotWhImp (sunspec/models, model_203.json)
SCALE = METER_MODEL + 54  # TotWh_SF


class Modbus(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        port_file, cls.table = cls.directory / "port", cls.directory / "registers.csv"
        # The span began long ago: the register stands at its end, and its last row says where.
        cls.meter = subprocess.Popen([cls.program, "simulate-meter", "--household", "0", "--port-file", port_file,
                                      "--registers-out", cls.table, "--begin", "2025-06-21T00:00:00Z",
                                      "--end", "2025-06-21T12:00:00Z"])
        cls.addClassCleanup(lambda: (cls.meter.terminate(), cls.meter.wait()))
        cls.port = wait_until(lambda: port_file.exists() and port_file.read_text().strip(), 60, "the meter's port")

    def poll(self, address, count):
        """mbpoll's exit status, its registers and what it said."""
        command = ["mbpoll", "-m", "tcp", "-a", "1", "-0", "-r", str(address), "-c", str(count), "-t", "4:hex", "-1",
                   "-o", "10", "-p", self.port, "127.0.0.1"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        found = {int(at): int(word, 16) for at, word in re.findall(r"^\[(\d+)\]:\s+0x([0-9A-F]+)", done.stdout, re.M)}
        return done.returncode, [found[at] for at in sorted(found)], done.stdout + done.stderr

    def read(self, address, count):
        status, words, said = self.poll(address, count)
        self.assertEqual((status, len(words)), (0, count), said)
        return words

    def test_it_shows_the_sunspec_models(self):
        self.assertEqual(self.read(SUNSPEC, 4), [0x5375, 0x6E53, 1, 66])
        model, length = self.read(METER_MODEL, 2)
        self.assertIn(model, (201, 203))
        self.assertEqual(length, 105)
        self.assertEqual(self.read(METER_MODEL + 2 + length, 2), [0xFFFF, 0], "the end of the models")

    def test_its_energy_registers_are_the_ones_it_wrote_down(self):
        self.assertEqual(self.read(SCALE, 1), [0])
        before = (0, 0)
        for _ in range(20):
            high, low = self.read(IMPORT, 2)
            out_high, out_low = self.read(EXPORT, 2)
            now = (high << 16 | low, out_high << 16 | out_low)
            self.assertTrue(now[0] >= before[0] and now[1] >= before[1], f"a register ran back: {before}, {now}")
            before = now
        rows = register_rows(self.table)
        self.assertEqual(list(rows), sorted(rows))
        self.assertEqual(before, rows[max(rows)])
        self.assertGreater(before[0], 0)

    def test_an_address_it_does_not_have_is_an_exception(self):
        status, words, said = self.poll(100, 2)
        self.assertEqual(words, [], said)
        self.assertIn("Illegal data address", said)
        self.assertNotEqual(status, 0)


if __name__ == "__main__":
    neighbourhood.main()
