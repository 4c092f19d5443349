#!/usr/bin/python3
"""What a running controller keeps of people: months that are too old go by themselves, a household that has left goes
when it asks, and whatever is left verifies."""

import decimal
import json
import re
import signal
import struct

import neighbourhood
from neighbourhood import Neighbourhood, rows, wait_until
from test_payments import Controller

DAY = 86400
OCTOBER = 1791028800  # 2026-10-03T12:00:00Z; the demo's day is in June


class Privacy(Neighbourhood):
    def verified(self, directory):
        """The auditor's report. Nothing is wrong but that nobody cosigned what was settled while no gateway ran."""
        report = json.loads(self.call("verify", directory, "--json").stdout)
        self.assertEqual([fault for fault in report["faults"] if "have cosigned the log" not in fault["what"]], [])
        return report

    def set_clock(self, demo, seconds):
        """The market's clock stands still without its demo; its second number is the time."""
        with (demo.directory / "clock").open("r+b") as clock:
            clock.seek(8)
            clock.write(struct.pack("=q", seconds * 10**9))

    def run_controller(self, home, until):
        """Starts the demo's controller again, and stops it when it is so far."""
        controller = Controller(self.program, home)
        self.addCleanup(lambda: controller.stop(signal.SIGKILL))
        controller.start()
        wait_until(lambda: until(controller.told.read_text()), 60, "the controller's work")
        self.assertEqual(controller.stop(), 0, controller.told.read_text())

    def keys(self, home):
        return {(household, month) for household, month in rows(home / "data_keys.sqlite", "SELECT household, month FROM data_key")}

    def test_old_months_and_a_household_that_left_go_and_the_rest_verifies(self):
        demo = self.start_demo("street", 3, 6)
        status, _, told = demo.finish()
        self.assertEqual(status, 0, told)
        home = demo.directory / "controller"
        june = 12 * 2026 + 5
        self.assertEqual(self.keys(home), {(name, june) for name in ("", "hh01", "hh02", "hh03")})
        before = self.verified(home)
        self.assertEqual(before["erased"]["entries"], 0)
        books = self.call("export", "--dir", home).stdout

        # Three months later. The intervals are settled for good, then June is too old.
        config = home / "controller.toml"
        config.write_text(config.read_text() + "[privacy]\nkeep_months = 2\n")
        self.set_clock(demo, OCTOBER)
        self.run_controller(home, lambda told: "erased what was journalled before 2026-08-01T00:00:00Z" in told)
        self.assertEqual({month for household, month in self.keys(home) if household}, {june + 4})
        after = self.verified(home)
        self.assertEqual(after["erased"]["statements"], before["statements"])
        self.assertEqual(after["statements"], before["statements"], "the final runs are kept")
        self.assertEqual(self.balances(self.call("export", "--dir", home).stdout), self.balances(books))

        # A member is not erased; one that has left is, at once and once.
        refused = self.call("erase", "--dir", home, "--household", "hh02")
        self.assertEqual((refused.returncode, "hh02 is a member" in refused.stderr), (1, True), refused.stderr)
        config.write_text(re.sub(r'\[\[household\]\]\nid = "hh02".*?(?=\[\[household\]\]\n)', "", config.read_text(), flags=re.S))
        self.set_clock(demo, OCTOBER + 20 * DAY)
        self.run_controller(home, lambda told: told.count("restored ") > 1)
        self.assertEqual(self.call("erase", "--dir", home, "--household", "hh02").returncode, 0)
        self.assertNotIn("hh02", {household for household, _ in self.keys(home)})
        self.assertIn("erased already", self.call("erase", "--dir", home, "--household", "hh02").stdout)
        last = self.verified(home)
        self.assertEqual(last["statements"], before["statements"] * 2 // 3)
        self.assertEqual(self.balances(self.call("export", "--dir", home).stdout), self.balances(books))

    @staticmethod
    def balances(csv):
        """Of every account, from the exported postings."""
        header, *lines = csv.splitlines()
        columns = header.split(",")
        found = {}
        for line in lines:
            posting = dict(zip(columns, line.split(",")))
            for account, sign in ((posting["debit"], -1), (posting["credit"], 1)):
                found[account] = found.get(account, 0) + sign * decimal.Decimal(posting["amount"])
        return found


if __name__ == "__main__":
    neighbourhood.main()
