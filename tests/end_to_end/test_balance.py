#!/usr/bin/python3
"""`commonwatt settle` with a head meter: an honest street balances, a meter that lies is named, and a silent one blocks nothing."""

import csv
import math
import os
import random
import subprocess
import sys
import tempfile
import unittest

PROGRAM = None
BEGIN = 1_780_272_000  # 2026-06-01T00:00:00Z
HOUR = 3600
DAYS = 32
PLANTS = 10
HOMES = 14

RULES = """interval_seconds = 3600
method = "auction"
[tariff]
retail = 300000
feed_in = 80000
[[zone]]
name = "grid"
[[zone]]
name = "street"
parent = "grid"
[households]
{homes}
[[head_meter]]
meter = "trafo"
zone = "street"
[balance]
baseline_days = 20
"""


def weather(draw):
    """Clearness of each day, by season all the same."""
    return [draw.uniform(0.35, 1.0) for _ in range(DAYS)]


def hours(seed):
    """Wh of every hour: by home what it fed in (a plant of its own meter) or drew."""
    draw = random.Random(seed)
    days = weather(draw)
    fed = [[0] * (DAYS * 24) for _ in range(PLANTS)]
    drawn = [[0] * (DAYS * 24) for _ in range(HOMES)]
    for day, clear in enumerate(days):
        for plant in range(PLANTS):
            scale = 5000 * (1 + plant % 3) * clear * draw.gauss(1, 0.06)
            for hour in range(5, 20):
                fed[plant][day * 24 + hour] = max(0, int(scale * math.sin((hour - 4) / 16 * math.pi) * draw.gauss(1, 0.05)))
        for home in range(HOMES):
            for hour in range(24):
                drawn[home][day * 24 + hour] = int(draw.uniform(150, 900))
    return fed, drawn, draw


def write(folder, seed, lie=None, silent=None):
    """`lie`: (plant, factor, first day); `silent`: hours of the head meter that were not read."""
    fed, drawn, draw = hours(seed)
    homes = [f"h{i:02}" for i in range(HOMES)]
    with open(os.path.join(folder, "settlement.toml"), "w", encoding="utf-8") as file:
        file.write(RULES.format(homes="\n".join(f'{home} = "street"' for home in homes)))
    with open(os.path.join(folder, "contracts.csv"), "w", encoding="utf-8") as file:
        file.write("interval_start,household,zone,side,quantity_wh,price\n")
    head = [0, 0]
    registers = {f"{home}-use": [0, 0] for home in homes} | {f"{homes[plant]}-pv": [0, 0] for plant in range(PLANTS)}
    with open(os.path.join(folder, "registers.csv"), "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["time", "meter", "household", "import_wh", "export_wh", "quality"])
        for hour in range(DAYS * 24 + 1):
            time = BEGIN + hour * HOUR
            for name, (imported, exported) in registers.items():
                rows.writerow([time, name, name.split("-")[0], imported, exported, "good"])
            quality = "missing" if silent and hour in silent else "good"
            rows.writerow([time, "trafo", "", head[0], head[1], quality])
            if hour == DAYS * 24:
                break
            flow = 0
            for home in range(HOMES):
                registers[f"{homes[home]}-use"][0] += drawn[home][hour]
                flow += drawn[home][hour]
            for plant in range(PLANTS):
                truth = fed[plant][hour]
                flow -= truth
                if lie and plant == lie[0] and hour >= lie[2] * 24:
                    truth = int(truth * lie[1])
                registers[f"{homes[plant]}-pv"][1] += truth
            flow += int(abs(flow) * draw.gauss(0.004, 0.002))  # what flows unmetered
            head[0 if flow > 0 else 1] += abs(flow)


def settle(folder):
    done = subprocess.run([PROGRAM, "settle", "--dir", folder, "--json"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    tables = {}
    for name in ("balance", "flags", "statements"):
        with open(os.path.join(folder, name + ".csv"), encoding="utf-8", newline="") as file:
            tables[name] = list(csv.DictReader(file))
    return tables


class Balance(unittest.TestCase):
    def run_street(self, **how):
        with tempfile.TemporaryDirectory() as folder:
            write(folder, 7, **how)
            return settle(folder)

    def test_an_honest_street_balances_and_nobody_is_suspected(self):
        found = self.run_street()
        self.assertEqual(len(found["balance"]), DAYS * 24)
        self.assertEqual({row["zone"] for row in found["balance"]}, {"street"})
        for row in found["balance"]:
            self.assertEqual(int(row["residual_wh"]), int(row["head_wh"]) - int(row["metered_wh"]) - int(row["loss_wh"]))
        inside = sum(row["in_tolerance"] == "yes" for row in found["balance"])
        self.assertGreater(inside, 0.98 * DAYS * 24)
        self.assertEqual([row for row in found["flags"] if row["flag"] == "likely_meter"], [])

    def test_a_plant_that_says_more_is_named(self):
        found = self.run_street(lie=(4, 1.4, 22))
        named = [row for row in found["flags"] if row["flag"] == "likely_meter"]
        self.assertTrue(any(row["household"] == "h04" for row in named), named)
        self.assertEqual({row["household"] for row in named} - {"h04", ""}, set())
        self.assertTrue(all(int(row["interval_start"]) >= BEGIN + 22 * 24 * HOUR for row in named), named)
        outside = sum(row["in_tolerance"] == "no" for row in found["balance"])
        self.assertGreater(outside, 20)

    def test_a_silent_head_meter_is_not_judged_and_changes_no_statement(self):
        whole = self.run_street()
        silent = self.run_street(silent=set(range(600, 610)))
        self.assertEqual(whole["statements"], silent["statements"])
        states = [row["in_tolerance"] for row in silent["balance"]]
        self.assertEqual(states.count("not_judged"), 11)
        self.assertTrue(any(row["flag"] == "balance_not_judged" for row in silent["flags"]))


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1))
    unittest.main(verbosity=2)
