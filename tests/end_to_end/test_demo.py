#!/usr/bin/python3
"""The demo as a user runs it: what it prints, what it leaves, and how it ends."""

import json
import signal
import subprocess

import neighbourhood
from neighbourhood import INTERVAL_SECONDS, Neighbourhood, register_rows, runs

HOUSEHOLDS = 6
INTERVALS = 12
NOON = 1782043200  # 2026-06-21T12:00:00Z: a short day lies around it
BEGIN = NOON - INTERVALS // 2 * INTERVAL_SECONDS
END = BEGIN + INTERVALS * INTERVAL_SECONDS
FIGURES = ("produced_wh", "used_wh", "traded_wh", "import_wh", "export_wh")
KEYS = (*FIGURES, "households", "intervals", "cleared", "readings", "estimated_readings", "orders", "rejected_orders",
        "ledger_sum", "batches", "log_root", "verified", "per_household")


class DemoRun(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.start_demo("street", HOUSEHOLDS, INTERVALS, speed=900)
        cls.status, cls.result, cls.told = cls.demo.finish()
        assert cls.result is not None, "the demo printed no JSON: " + cls.told

    def test_it_ends_well_and_prints_every_figure(self):
        self.assertEqual(self.status, 0, self.told)
        self.assertEqual([key for key in KEYS if key not in self.result], [], "missing in the JSON")
        expected = {"households": HOUSEHOLDS, "intervals": INTERVALS, "cleared": INTERVALS, "batches": INTERVALS,
                    "estimated_readings": 0, "ledger_sum": 0, "verified": True}
        self.assertEqual({key: self.result[key] for key in expected}, expected)
        self.assertGreater(self.result["traded_wh"], 0, "the neighbours did not trade")
        self.assertGreater(self.result["orders"], 0)

    def test_energy_balances_in_total_and_in_every_household(self):
        for what in [self.result, *self.result["per_household"]]:
            self.assertEqual(what["produced_wh"] - what["used_wh"], what["export_wh"] - what["import_wh"],
                             what.get("id", "total"))
        for key in ("produced_wh", "used_wh", "import_wh", "export_wh"):
            self.assertEqual(sum(home[key] for home in self.result["per_household"]), self.result[key], key)
        for key in ("bought_wh", "sold_wh"):
            self.assertEqual(sum(home[key] for home in self.result["per_household"]), self.result["traded_wh"], key)

    def test_every_figure_is_what_the_meter_itself_counted(self):
        for home in self.result["per_household"]:
            with self.subTest(home["id"]):
                below = self.demo.directory / "households" / home["id"]
                grid = register_rows(below / f"{home['id']}-main.registers.csv")
                self.assertEqual(home["import_wh"], grid[END][0] - grid[BEGIN][0], "import")
                self.assertEqual(home["export_wh"], grid[END][1] - grid[BEGIN][1], "export")
                produced = 0
                if (inverter := below / f"{home['id']}-pv.registers.csv").exists():
                    produced = register_rows(inverter)[END][1] - register_rows(inverter)[BEGIN][1]
                self.assertEqual(home["produced_wh"], produced, "production")

    def test_verify_finds_the_same_log(self):
        verified = self.call("verify", self.demo.directory, "--json")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)
        report = json.loads(verified.stdout)
        self.assertEqual(report["log_root"], self.result["log_root"])
        self.assertEqual(report["bills"], HOUSEHOLDS * INTERVALS)

    def test_every_households_bills_prove_themselves(self):
        shown = self.call("keys", "show", "--dir", self.demo.directory / "controller" / "keys").stdout
        key = shown.partition('log_key = "')[2].partition('"')[0]
        self.assertEqual(len(key), 64, shown)
        for home in self.result["per_household"]:
            bills = self.demo.directory / "bills" / f"{home['id']}.jsonl"
            verified = self.call("verify", "--bill", bills, "--log-key", key)
            self.assertEqual(verified.returncode, 0, f"{bills.name}: {verified.stdout}{verified.stderr}")
            paid = sum(json.loads(line)["total"] for line in bills.read_text().splitlines())
            self.assertEqual(paid, home["paid"], f"{bills.name} does not add up to what the demo reports")
        strange = self.call("verify", "--bill", bills, "--log-key", "00" * 32)
        self.assertNotEqual(strange.returncode, 0, "bills hold under a foreign key")


class MoreRuns(Neighbourhood):
    def test_the_same_seed_gives_the_same_figures_in_the_same_directory(self):
        results = []
        for _ in range(2):
            status, result, told = self.start_demo("again", 4, 4, speed=900).finish()
            self.assertEqual(status, 0, told)
            results.append(result)
        self.assertNotEqual(results[0].pop("log_root"), results[1].pop("log_root"), "keys or salts were not fresh")
        self.assertEqual(results[0], results[1])

    def test_a_directory_of_somebody_else_is_refused_and_left_alone(self):
        foreign = self.directory / "photos"
        foreign.mkdir()
        (foreign / "holiday.txt").write_text("sun\n")
        refused = self.call("demo", "--households", 2, "--intervals", 1, "--keep", foreign)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("not empty", refused.stderr)
        self.assertEqual([(file.name, file.read_text()) for file in foreign.iterdir()], [("holiday.txt", "sun\n")])

    def test_ctrl_c_ends_every_part(self):
        demo = self.start_demo("interrupted", 4, 96)
        demo.wait_for_trading()
        children = demo.processes()
        self.assertEqual([name for name, pid in children.items() if not runs(pid)], [])
        self.assertGreaterEqual(len(children), 1 + 1 + 4 + 4, children)
        demo.process.send_signal(signal.SIGINT)
        try:
            demo.process.wait(60)
        except subprocess.TimeoutExpired:
            self.fail(f"still running 60 s after Ctrl-C: {demo.processes()}")
        self.assertEqual(demo.process.returncode, 130)
        self.assertEqual([name for name, pid in children.items() if runs(pid)], [], "outlived the demo")


if __name__ == "__main__":
    neighbourhood.main()
