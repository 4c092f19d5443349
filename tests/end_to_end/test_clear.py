#!/usr/bin/python3
"""`commonwatt clear` as an analyst runs it: its figures against a certificate written here, from the rulebook alone."""

import csv
import io
import json
import os
import random
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

PROGRAM = "build/release/bin/commonwatt"
SEED = int(os.environ.get("COMMONWATT_TEST_SEED", "20261121"))
INFINITE = float("inf")


def run(*arguments, text=None, status=0):
    done = subprocess.run([PROGRAM, "clear", *arguments], input=text, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != status:
        raise AssertionError(f"clear {' '.join(arguments)}: status {done.returncode}, not {status}\n{done.stderr}")
    return done


class Case:
    """A random market in the files an analyst would write."""

    def __init__(self, seed, zones=1, orders=60):
        draw = random.Random(seed)
        self.zones = {"": None} if zones == 1 else {"z0": None}
        for number in range(1, zones):
            limit = lambda: draw.choice(["", "0", str(draw.randint(1, 4000))])
            parent = f"z{draw.randint(0, number - 1)}"
            self.zones[f"z{number}"] = (parent, draw.choice([0, 0, 1, 3, 50]), limit(), limit())
        self.orders = []
        names = list(self.zones)
        for number in range(orders):
            side = draw.choice(["buy", "sell"])
            self.orders.append([f"o{number}", f"h{number}", draw.choice(names), side, draw.randint(1, 900), draw.randint(-12, 12)])

    def orders_csv(self):
        return write([["order_id", "household", "zone", "side", "quantity_wh", "limit_price"], *self.orders])

    def zones_csv(self):
        rows = [["zone", "parent", "fee", "export_limit_wh", "import_limit_wh"]]
        for name, edge in self.zones.items():
            rows.append([name, *edge] if edge else [name, "", "", "", ""])
        return write(rows)


def write(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def number(text):
    return None if text == "" else int(text)


def check_certificate(test, case, report, fills):
    """Every condition of optimality, one after the other, and the money."""
    zones = {zone["zone"]: zone for zone in report["zones"]}
    flows = {edge["zone"]: edge for edge in report["edges"]}
    net = dict.fromkeys(case.zones, 0)
    paid = welfare = bought = 0
    for (name, _, zone, side, quantity, limit), row in zip(case.orders, fills):
        test.assertEqual(name, row["order_id"])
        fill, price = int(row["filled_wh"]), zones[zone]["price"]
        test.assertTrue(0 <= fill <= quantity)
        sign = 1 if side == "buy" else -1
        if fill:
            test.assertEqual(int(row["price"]), price)
            test.assertGreaterEqual(sign * (limit - price), 0)
        if fill < quantity and price is not None:
            test.assertLessEqual(sign * (limit - price), 0)
        net[zone] -= sign * fill
        paid += sign * fill * (price or 0)
        welfare += sign * fill * limit
        bought += fill if side == "buy" else 0
    test.assertEqual(bought, report["volume_wh"])
    test.assertEqual(net, {name: zone["net_wh"] for name, zone in zones.items()})
    fees = rents = 0
    total = dict(net)
    for name in reversed(case.zones):  # children come after their parents
        edge = case.zones[name]
        if edge is None:
            test.assertEqual(total[name], 0)
            continue
        parent, fee, exported, imported = edge
        flow = total[name]
        total[parent] += flow
        test.assertEqual(flow, flows[name]["flow_wh"])
        up = INFINITE if exported == "" else int(exported)
        down = INFINITE if imported == "" else int(imported)
        test.assertTrue(-down <= flow <= up)
        fees += abs(flow) * fee
        ours, above = zones[name]["price"], zones[parent]["price"]
        if ours is None or above is None:
            test.assertEqual(flow, 0)
            continue
        rents += flow * (above - ours) - abs(flow) * fee
        test.assertEqual(flow * (above - ours) - abs(flow) * fee, int(flows[name]["rent"]))
        if flow < up and flow >= 0:
            test.assertLessEqual(above - ours, fee)
        if flow > 0:
            test.assertGreaterEqual(above - ours, fee)
        if -flow < down and flow <= 0:
            test.assertGreaterEqual(above - ours, -fee)
        if flow < 0:
            test.assertLessEqual(above - ours, -fee)
    test.assertEqual(int(report["fees"]), fees)
    test.assertEqual(int(report["congestion_rent"]), rents)
    test.assertEqual(int(report["buyers_pay"]) - int(report["sellers_get"]), paid)
    test.assertEqual(paid, fees + rents)
    test.assertEqual(int(report["welfare"]), welfare - fees)


class Clear(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name, text=None):
        path = os.path.join(self.folder.name, name)
        if text is not None:
            with open(path, "w", encoding="utf-8", newline="") as file:
                file.write(text)
        return path

    def clear(self, case, *arguments):
        options = ["--orders", self.path("orders.csv", case.orders_csv()), "--fills", self.path("fills.csv"), "--json"]
        if len(case.zones) > 1:
            options += ["--zones", self.path("zones.csv", case.zones_csv())]
        report = json.loads(run(*options, *arguments).stdout)
        with open(self.path("fills.csv"), encoding="utf-8", newline="") as file:
            return report, list(csv.DictReader(file))

    def test_one_zone_and_trees_are_optimal_and_conserving(self):
        for seed in range(SEED, SEED + 60):
            for zones in (1, 9):
                with self.subTest(seed=seed, zones=zones):
                    case = Case(seed, zones)
                    check_certificate(self, case, *self.clear(case))

    def test_the_sequence_of_rows_changes_no_fill(self):
        for zones in (1, 9):
            case = Case(SEED, zones, orders=200)
            report, fills = self.clear(case, "--seed", "ab" * 32)
            expected = {row["order_id"]: row for row in fills}
            random.Random(1).shuffle(case.orders)
            again, fills = self.clear(case, "--seed", "ab" * 32)
            self.assertEqual(report, again)
            self.assertEqual(expected, {row["order_id"]: row for row in fills})

    def test_the_seed_breaks_ties(self):
        case = Case(SEED, orders=0)
        case.orders = [["bid", "b", "", "buy", 10, 5], *[[f"ask{i}", f"s{i}", "", "sell", 3, 5] for i in range(7)]]
        winners = set()
        for seed in range(20):
            _, fills = self.clear(case, "--seed", f"{seed:064x}")
            winners.add(tuple(row["filled_wh"] for row in fills))
            self.assertEqual(sum(int(row["filled_wh"]) for row in fills[1:]), 10)
        self.assertGreater(len(winners), 3)

    def test_every_mechanism_adds_up(self):
        for mechanism in ("uniform", "pay_as_bid", "mcafee", "vcg", "continuous"):
            report, fills = self.clear(Case(SEED), "--mechanism", mechanism)
            money = {name: int(report[name]) for name in ("buyers_pay", "sellers_get", "fees", "congestion_rent", "spread", "welfare")}
            self.assertEqual(money["buyers_pay"] - money["sellers_get"], money["fees"] + money["congestion_rent"] + money["spread"])
            self.assertGreater(report["volume_wh"], 0)
            self.assertEqual(len(fills), 60)

    def test_k_moves_the_price_between_its_ends(self):
        case = Case(SEED, orders=0)
        case.orders = [["a", "a", "", "sell", 10, -100], ["b", "b", "", "buy", 10, 301]]
        prices = [self.clear(case, "--k-permille", k)[0]["price"] for k in ("0", "500", "1000")]
        self.assertEqual(prices, [-100, 100, 301])

    def test_nothing_trades(self):
        case = Case(SEED, orders=0)
        report, fills = self.clear(case)
        self.assertIsNone(report["price"])
        self.assertEqual((report["volume_wh"], fills), (0, []))

    def test_standard_input(self):
        done = run("--orders", "-", "--json", text=Case(SEED).orders_csv())
        self.assertGreater(json.loads(done.stdout)["volume_wh"], 0)

    def test_a_bad_row_is_an_error_with_its_line_and_nothing_is_written(self):
        text = Case(SEED).orders_csv() + "o99,h,,sell,1.5,3\n"
        done = run("--orders", self.path("bad.csv", text), "--fills", self.path("none.csv"), "--json", status=65)
        self.assertIn("bad.csv:62: quantity_wh '1.5' is not a whole number", done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertFalse(os.path.exists(self.path("none.csv")))
        self.assertIn("is a directory", run("--orders", self.folder.name, status=65).stderr)
        self.assertIn("No such file", run("--orders", self.path("nowhere.csv"), status=65).stderr)

    def test_unknown_options_are_refused(self):
        orders = self.path("orders.csv", Case(SEED).orders_csv())
        self.assertIn("there is no mechanism 'first'", run("--orders", orders, "--mechanism", "first", status=64).stderr)
        self.assertIn("64 hexadecimal digits", run("--orders", orders, "--seed", "12", status=64).stderr)
        run("--orders", orders, "--k-permille", "1001", status=64)
        self.assertIn("there is no order 'nobody'", run("--orders", orders, "--explain", "nobody", status=65).stderr)

    def test_who_would_trade_with_himself_is_told(self):
        case = Case(SEED, orders=0)
        case.orders = [["a", "hh1", "", "sell", 10, 1], ["b", "hh1", "", "buy", 10, 3]]
        done = run("--orders", self.path("own.csv", case.orders_csv()))
        self.assertIn("hh1", done.stderr)
        self.assertIn("self_crossing", done.stderr)

    def test_the_picture_is_a_picture_and_the_words_name_the_order(self):
        for zones in (1, 9):
            case = Case(SEED, zones)
            for name in [order[0] for order in case.orders[:10]]:
                report, fills = self.clear(case, "--plot", self.path("plot.svg"), "--explain", name)
                picture = xml.etree.ElementTree.parse(self.path("plot.svg")).getroot()
                self.assertTrue(picture.tag.endswith("svg"))
                fill = next(row["filled_wh"] for row in fills if row["order_id"] == name)
                self.assertIn(name, report["explanation"])
                self.assertIn(fill, report["explanation"].replace(",", "").replace("\u202f", ""))


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else PROGRAM
    unittest.main(verbosity=2)
