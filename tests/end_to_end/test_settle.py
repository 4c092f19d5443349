#!/usr/bin/python3
"""`commonwatt settle` as an operator runs it: examples that can be checked by hand, and every figure of random directories
computed again by settle_oracle."""

import collections
import csv
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from settle_oracle import Case, T, random_case, settle_again

PROGRAM = "build/release/bin/commonwatt"
SEED = int(os.environ.get("COMMONWATT_TEST_SEED", "20261121"))
STATEMENT = ("contract_wh delivered_wh deviation_wh energy_amount imbalance_amount fee_amount loss_amount tax_amount total").split()
WRITTEN = ("statements.csv", "postings.csv", "flags.csv", "runs.csv", "communities.csv")


def disk_full():
    """For a process to be: no file takes more than 64 bytes, as on a disk that is full."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64))


def run(directory, *arguments, status=0):
    command = [PROGRAM, "settle", "--dir", directory, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(command)}: status {done.returncode}, not {status}\n{done.stdout}{done.stderr}")
    return done


class Settle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def path(self, name):
        return os.path.join(self.folder, name)

    def rows(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def text(self, name):
        with open(self.path(name), encoding="utf-8") as file:
            return file.read()

    def settle(self, case, *arguments, balanced=True):
        case.write(self.folder)
        before = self.text("postings.csv") if os.path.exists(self.path("postings.csv")) else ""
        report = json.loads(run(self.folder, "--json", *arguments).stdout)
        self.assertTrue(self.text("postings.csv").startswith(before))  # append only
        self.assertEqual((report["sum"], report["balanced"]), (0, balanced))
        self.check_ledger()
        return report

    def statements(self):
        found = {(int(row["interval_start"]), row["household"]): [int(row[name]) for name in STATEMENT] for row in self.rows("statements.csv")}
        self.assertEqual(list(found), sorted(found))
        return found

    def communities(self):
        if not os.path.exists(self.path("communities.csv")):
            return {}
        return {(int(row["interval_start"]), row["community"], row["household"]): (int(row["contract_wh"]), int(row["energy_amount"]))
                for row in self.rows("communities.csv")}

    def money(self):
        """Net amounts by interval, accounts in the sequence the tests write them, and kind."""
        order = ["utility", "escrow", "fees", "congestion", "losses", "spread", "rounding", "rewards"]
        place = lambda account: -1 if account.startswith("household:") else order.index(account)
        net = collections.Counter()
        for row in self.rows("postings.csv"):
            debit, credit, amount = row["debit"], row["credit"], int(row["amount"])
            self.assertGreater(amount, 0)
            if place(debit) > place(credit):
                debit, credit, amount = credit, debit, -amount
            net[(int(row["interval_start"]), debit, credit, row["kind"])] += amount
        return {key: amount for key, amount in net.items() if amount}

    def check_ledger(self):
        escrow, paid = collections.Counter(), collections.Counter()
        for (interval, debit, credit, _), amount in self.money().items():
            escrow[interval] += amount * ((credit == "escrow") - (debit == "escrow"))
            if debit.startswith("household:"):
                paid[(interval, debit.removeprefix("household:"))] += amount
        self.assertFalse(any(escrow.values()))
        totals = {key: figures[-1] for key, figures in self.statements().items()}
        self.assertEqual({key: amount for key, amount in paid.items() if amount}, {key: total for key, total in totals.items() if total})

    def flags(self):
        return [(int(row["interval_start"]), row["household"], row["meter"], row["flag"]) for row in self.rows("flags.csv")]

    def figures(self, household, interval=T):
        return dict(zip(STATEMENT, self.statements()[(interval, household)]))

    # Examples to check by hand.

    def test_a_seller_that_delivers_short_buys_the_shortfall_at_retail(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (1000, 5000), (1000, 5350))
        case.meter("h2", (7000, 0), (7600, 0))
        report = self.settle(case)
        self.assertEqual(self.statements(), {
            (T, "h1"): [-500, -350, 150, -100000000, 45000000, 0, 0, 0, -55000000],
            (T, "h2"): [500, 600, 100, 100000000, 30000000, 0, 0, 0, 130000000]})
        self.assertEqual(report["money"]["utility"], 75000000)
        self.assertEqual(report["postings"], {"new": 4, "total": 4})
        self.assertEqual(report["energy"], {"bought_wh": 500, "sold_wh": 500})

    def test_a_seller_that_delivers_more_sells_the_rest_at_feed_in(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 650))
        case.meter("h2", (0, 0), (400, 0))
        self.settle(case)
        self.assertEqual(self.figures("h1")["imbalance_amount"], -12000000)  # 150 Wh x 0.08
        self.assertEqual(self.figures("h2")["imbalance_amount"], -8000000)

    def test_an_estimate_is_flagged_and_corrected_by_a_revised_run(self):
        case = Case()
        case.trade("h1", "h2", 100, 200000)
        case.trade("h1", "h2", 100, 200000, at=T + 900)
        case.meter("h1", (0, 0), None, (0, 300))
        case.meter("h2", (0, 0), (100, 0), (200, 0))
        report = self.settle(case)
        self.assertEqual([self.figures("h1", at)["delivered_wh"] for at in (T, T + 900)], [-150, -150])
        self.assertEqual(report["flags"], {"estimated": 2})
        self.assertEqual(self.settle(case)["postings"]["new"], 0)
        case.registers[1][3:] = [0, 80, "good"]
        self.assertEqual(self.settle(case)["flags"], {"revision_pending": 2})  # each of the two intervals
        self.assertEqual(self.settle(case, "--run", "revised")["postings"]["new"], 2)
        self.assertEqual([self.figures("h1", at)["delivered_wh"] for at in (T, T + 900)], [-80, -220])
        # 150 Wh at feed-in become 20 Wh bought at retail: 50 x 0.08 back and 20 x 0.30.
        self.assertIn(f"{T},revised,household:h1,utility,10000000,imbalance,h1\n", self.text("postings.csv"))
        self.assertEqual(self.settle(case, "--run", "revised")["postings"]["new"], 0)

    def test_nothing_is_posted_after_the_final_run(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 350))
        self.settle(case, "--run", "final")
        before = {name: self.text(name) for name in ("statements.csv", "postings.csv")}
        case.registers[1][4] = 400
        report = self.settle(case, "--run", "revised")
        self.assertEqual(report["postings"]["new"], 0)
        self.assertIn((T, "h1", "", "after_final"), self.flags())
        self.assertEqual(before, {name: self.text(name) for name in before})

    def test_every_allocation_key(self):
        expected = {"dynamic": [200, 400, 0], "static": [300, 240, 0], "percentage": [300, 300, 0], "priority": [300, 300, 0]}
        for key, bought in expected.items():
            with self.subTest(key=key):
                # 600 Wh of surplus; h1 needs 300 Wh and h2 600 Wh.
                case = Case("allocation", key=key, shares={"h1": 600, "h2": 400}, tiers={"h1": 1, "h2": 2})
                case.meter("h1", (0, 0), (300, 0))
                case.meter("h2", (0, 0), (600, 0))
                case.meter("h3", (0, 0), (0, 600))
                self.start_again()
                self.settle(case)
                self.assertEqual([self.figures(name)["contract_wh"] for name in ("h1", "h2")], bought[:2])
                self.assertEqual(self.figures("h3")["contract_wh"], -sum(bought))
                self.assertEqual(self.figures("h1")["energy_amount"], bought[0] * 150000)
                self.assertEqual(self.figures("h2")["imbalance_amount"], (600 - bought[1]) * 300000)

    def test_a_silent_meter_blocks_nobody_and_takes_the_week_before(self):
        case = Case(length=3600)
        hours = 8 * 24
        case.meter("h1", *[(10 * hour * hour, 0) for hour in range(hours - 23)])
        case.meter("h2", *[(0, 7 * hour) for hour in range(hours + 1)])
        self.settle(case)
        last = T + (hours - 1) * 3600
        self.assertEqual(self.figures("h1", last)["delivered_wh"], 10 * (24**2 - 23**2))
        self.assertEqual(self.figures("h2", last)["delivered_wh"], -7)
        self.assertIn((last, "h1", "m-h1", "estimated"), self.flags())

    def test_a_register_that_falls_is_held_and_never_billed(self):
        case = Case()
        case.meter("h1", (1000, 0), (900, 0), (1200, 0))
        self.settle(case)
        self.assertEqual([self.figures("h1", at)["delivered_wh"] for at in (T, T + 900)], [100, 100])
        self.assertIn((T, "h1", "m-h1", "register_decreased"), self.flags())

    EXCHANGES = "time,meter,closing_import_wh,closing_export_wh,opening_import_wh,opening_export_wh\n"

    def exchange(self, *rows):
        with open(self.path("exchanges.csv"), "w", encoding="utf-8") as file:
            file.write(self.EXCHANGES + "".join(f"{row}\n" for row in rows))

    def test_a_replaced_meter_counts_on_and_without_its_exchange_it_is_held(self):
        case = Case()
        case.meter("h1", (1000, 0), (1200, 0), (7, 0), (107, 0))
        delivered = lambda: [self.figures("h1", T + place * 900)["delivered_wh"] for place in range(3)]
        self.settle(case)
        self.assertIn((T + 900, "h1", "m-h1", "register_decreased"), self.flags())
        self.exchange(f"{T + 1200},m-h1,1250,0,3,0")
        self.settle(case, "--run", "revised")
        self.assertEqual(delivered(), [200, 54, 100])
        self.assertEqual(self.flags(), [])
        self.exchange(f"{T + 1200},m-h1,1100,0,3,0")  # Below what the old meter had shown.
        self.settle(case, "--run", "revised")
        found = {flag for *_, flag in self.flags()}
        self.assertLessEqual({"exchange_contradicted", "register_decreased", "estimated"}, found)

    def test_where_there_is_no_meter_nothing_is_estimated(self):
        case = Case()
        case.meter("h2", *[(0, 5 * place) for place in range(800)])
        case.meter("h1", *[(10 * place, 0) for place in range(700)])
        self.settle(case)
        last = T + 798 * 900
        self.assertEqual(self.figures("h1", last)["delivered_wh"], 10)  # As the week before.
        self.exchange(f"{T + 699 * 900 + 60},m-h1,6992,0,,")
        self.settle(case, "--run", "revised")
        self.assertEqual([self.figures("h1", at)["delivered_wh"] for at in (T + 698 * 900, T + 699 * 900, last)], [10, 2, 0])
        self.assertEqual(self.flags(), [])

    def test_a_head_meter_is_replaced_too(self):
        case = Case()
        case.meter("h1", (0, 0), (400, 0), (800, 0))
        case.write(self.folder)
        toml = self.text("settlement.toml") + '[[head_meter]]\nmeter = "trafo"\n'
        with open(self.path("settlement.toml"), "w", encoding="utf-8") as file:
            file.write(toml)
        with open(self.path("registers.csv"), "a", encoding="utf-8") as file:
            for time, register in ((T, 50_000), (T + 900, 50_400), (T + 1800, 410)):
                file.write(f"{time},trafo,,{register},0,good\n")
        run(self.folder)
        self.assertIn((T + 900, "", "trafo", "register_decreased"), self.flags())
        self.exchange(f"{T + 1000},trafo,50450,0,60,0")
        run(self.folder, "--run", "revised")
        self.assertEqual(self.flags(), [])
        self.assertEqual([int(row["residual_wh"]) for row in self.rows("balance.csv")], [0, 0])

    def test_exchanges_are_checked_with_line_and_reason(self):
        case = Case()
        case.meter("h1", (0, 0), (400, 0))
        for row, words in ((f"{T},m9,1,1,0,0", "exchanges.csv:2: meter 'm9' has no row in registers.csv"),
                           (f"{T},m-h1,1,,0,0", "exchanges.csv:2: closing_import_wh and closing_export_wh are both"),
                           (f"{T},m-h1,,,,", "exchanges.csv:2: neither a meter that was there nor one that is"),
                           (f"{T},m-h1,1,1,0,0\n{T},m-h1,1,1,0,0", "exchanges.csv:3: meter 'm-h1' is exchanged twice"),
                           (f"{T},m-h1,-1,1,0,0", "closing_import_wh"), ("1,2", "fewer than 6 columns")):
            self.refused(case, words, file="exchanges.csv", text=f"{self.EXCHANGES}{row}\n")

    def test_an_exchange_must_be_signed_where_keys_are_named(self):
        case = Case()
        case.meter("h1", (1000, 0), (1200, 0), (7, 0), (107, 0))
        case.write(self.folder)
        keys = self.path("keys")
        shown = subprocess.run([PROGRAM, "keys", "make", "--dir", keys], check=True, capture_output=True, text=True).stdout
        key = next(line.split('"')[1] for line in shown.splitlines() if line.startswith("reading_key"))
        with open(self.path("settlement.toml"), "a", encoding="utf-8") as file:
            file.write(f'[exchange_keys]\ninstaller = "{key}"\n')
        self.exchange(f"{T + 1200},m-h1,1250,0,3,0")
        self.assertIn("exchanges.csv:1: the header is not", run(self.folder, status=65).stderr)
        exchanges = self.path("exchanges.csv")
        sign = [PROGRAM, "keys", "sign-exchanges", "--dir", keys, exchanges, "--out", exchanges]
        unsigned = self.text("exchanges.csv")
        full = subprocess.run(sign, capture_output=True, text=True, preexec_fn=disk_full, check=False)
        self.assertEqual((full.returncode, full.stderr), (1, f"commonwatt: {exchanges}: cannot be written\n"))
        self.assertEqual(self.text("exchanges.csv"), unsigned)
        subprocess.run(sign, check=True)
        run(self.folder)
        self.assertEqual([self.figures("h1", T + place * 900)["delivered_wh"] for place in range(3)], [200, 54, 100])
        good = self.text("exchanges.csv")
        with open(exchanges, "w", encoding="utf-8") as file:
            file.write(good.replace(",1250,", ",1240,"))
        self.assertIn("exchanges.csv:2: the signature is not one of [exchange_keys]", run(self.folder, "--run", "revised", status=65).stderr)

    def test_what_is_wrong_with_readings_is_flagged(self):
        case = Case(fuse_w={"h1": 2000})
        case.meter("h1", (0, 0), (9000, 0), (300, 0))  # 9 kWh in a quarter hour behind 2 kW
        case.registers += [[T + 900, "m-h2", "h2", 50, 0, "good"], [T, "m-h2", "h2", 0, 0, "good"], [T, "m-h2", "h2", 1, 0, "good"]]
        case.registers += [[T + 1000, "m-h2", "h2", 77, 0, "good"], [T + 1800, "m-h2", "h2", 50, 0, "good"]]
        self.settle(case)
        self.assertEqual(self.figures("h1")["delivered_wh"], 150)
        self.assertEqual(self.figures("h2")["delivered_wh"], 50)
        found = {(household, flag) for _, household, _, flag in self.flags()}
        self.assertEqual(found, {("h1", "implausible"), ("h1", "estimated"), ("h2", "out_of_order"), ("h2", "duplicate"), ("h2", "not_a_boundary")})

    def test_a_contract_without_a_meter_is_settled_as_nothing_delivered(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h2", (0, 0), (500, 0))
        self.settle(case)
        self.assertEqual(self.figures("h1")["imbalance_amount"], 150000000)
        self.assertIn((T, "h1", "", "estimated"), self.flags())

    def test_fees_losses_and_tax(self):
        case = Case(tax=100)
        case.zones = {"root": (None, 0, 0), "east": ("root", 10000, 0), "west": ("root", 20000, 20)}
        case.homes = {"h1": "east", "h2": "west"}
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 500))
        case.meter("h2", (0, 0), (500, 0))
        report = self.settle(case)
        self.assertEqual(self.figures("h1")["fee_amount"], 5000000)  # 500 Wh out of the east
        self.assertEqual(self.figures("h2")["fee_amount"], 10000000)  # 500 Wh into the west
        self.assertEqual(self.figures("h2")["loss_amount"], 3000000)  # 2 % of 500 Wh at retail
        self.assertEqual(self.figures("h2")["tax_amount"], 11300000)
        self.assertEqual((report["money"]["fees"], report["money"]["losses"]), (15000000, 3000000))
        self.start_again()
        case.contracts[1][5] = 260000  # the price in the west holds 0.03 of fees and 0.03 of congestion
        report = self.settle(case)
        self.assertEqual(self.figures("h2")["fee_amount"], 0)
        self.assertEqual((report["money"]["fees"], report["money"]["congestion"]), (15000000, 15000000))

    def test_a_swiss_community_pays_less_for_the_network_by_its_transformers(self):
        for home, fee in (("t1", 41800000), ("t2", 49400000)):
            case = Case("allocation", retail=200000)
            case.preset, case.network_fee = "ch-leg", 95000
            case.zones = {"root": (None, 0, 0), "t1": ("root", 0, 0), "t2": ("root", 0, 0)}
            case.homes = {"h1": "t1", "h2": "t1", "h3": home}
            case.meter("h1", (0, 0), (0, 1000))
            case.meter("h2", (0, 0), (600, 0))
            case.meter("h3", (0, 0), (900, 0))
            self.start_again()
            report = self.settle(case)
            self.assertEqual(self.figures("h2")["fee_amount"], fee)
            self.assertEqual(report["presets"][0]["fee_reduction_permille"], 400 if home == "t1" else 200)
            self.assertEqual(report["presets"][0]["preset"], "ch-leg")

    def test_the_network_fee_is_rounded_for_each_and_the_residue_is_kept(self):
        case = Case("allocation")
        case.network_fee, case.reduction = 3, 500
        case.meter("h1", (0, 0), (0, 2))
        case.meter("h2", (0, 0), (1, 0))
        case.meter("h3", (0, 0), (1, 0))
        report = self.settle(case)
        self.assertEqual([self.figures(name)["fee_amount"] for name in ("h2", "h3")], [2, 2])  # 1.5, to the even 2
        self.assertEqual((report["money"]["fees"], report["money"]["rounding"]), (3, 1))

    def test_an_islanded_interval_settles_with_the_spread_and_a_later_correction_of_the_span_is_posted(self):
        case = Case()
        case.islanded, case.island_spans = (600000, 100000), [(T + 899, T + 900)]
        case.trade("h1", "h2", 400, 250000)
        case.meter("h1", (0, 0), (0, 380))
        case.meter("h2", (0, 0), (375, 0))
        report = self.settle(case)
        self.assertEqual((report["money"]["utility"], report["money"]["spread"], report["islanded_intervals"]), (0, 9500000, 1))
        case.island_spans = [(T + 900, T + 1800)]
        report = self.settle(case, "--run", "revised")
        self.assertEqual((report["money"]["utility"], report["money"]["spread"], report["postings"]["new"]), (4000000, 0, 4))

    def two_communities(self):
        case = Case("allocation")
        rules = {"key": "dynamic", "shares": {}, "tiers": {}}
        case.communities = [{"name": "street", "internal_price": 150000, "participation": {"h1": 600, "h2": 1000}, **rules},
                            {"name": "wind", "internal_price": 120000, "participation": {"h1": 300, "mill": 1000}, **rules}]
        case.meter("h1", (0, 0), (999, 0), (1100, 0))
        case.meter("h2", (0, 0), (0, 400), (0, 400))
        case.meter("mill", (0, 0), (0, 900), (0, 1800))
        return case

    def test_a_household_takes_part_in_two_communities_and_the_rest_is_the_utilitys(self):
        self.settle(self.two_communities())
        self.assertEqual(self.communities()[(T, "street", "h1")], (400, 60000000))
        self.assertEqual(self.communities()[(T, "wind", "h1")], (299, 35880000))  # 300 permille of 999 Wh, rounded down
        self.assertEqual(self.figures("h1"), dict(zip(STATEMENT, [699, 999, 300, 95880000, 90000000, 0, 0, 0, 185880000])))

    def test_communities_of_an_interval_that_is_kept_are_kept(self):
        case = self.two_communities()
        self.settle(case, "--run", "final")
        before = self.text("communities.csv")
        case.communities[0]["participation"]["h1"] = 100
        self.settle(case, "--run", "revised")
        self.assertEqual(self.text("communities.csv"), before)
        with open(self.path("communities.csv"), "w", encoding="utf-8") as file:
            file.write(before.replace("wind,h1,299", "wind,h1,298"))
        self.assertIn("communities.csv: interval 1782000000 (2026-06-21T00:00:00Z): the rows of h1 are not what statements.csv has",
                      run(self.folder, status=65).stderr)

    # The door.

    def refused(self, case, *words, file=None, text=None):
        case.write(self.folder)
        if file:
            with open(self.path(file), "w", encoding="utf-8") as out:
                out.write(text)
        done = run(self.folder, "--json", status=65)
        for word in words:
            self.assertIn(word, done.stderr)
        self.assertEqual(done.stdout, "")
        self.assertFalse(any(os.path.exists(self.path(name)) for name in WRITTEN if name != file))

    def test_bad_files_are_refused_with_line_and_reason_and_nothing_is_written(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 350))
        case.contracts[0][4] = "5e2"
        self.refused(case, "contracts.csv:2: quantity_wh '5e2' is not a whole number")
        case.contracts[0][4] = 500
        case.registers[1][5] = "fine"
        self.refused(case, "registers.csv:3: quality 'fine' is none of good")
        case.registers[1][5] = "good"
        case.registers[1][2] = "h2"
        self.refused(case, "registers.csv:3: meter 'm-h1' was h1's above")
        case.registers[1][2] = "h1"
        case.contracts[1][0] += 1
        self.refused(case, "contracts.csv:3: interval_start '1782000001' is not a multiple of 900")
        case.contracts[1][0] -= 1
        toml = case.toml()
        for change, words in ((("key =", "kee ="), "settlement.toml:7:1: unknown key 'allocation.kee'"),
                              (('"dynamic"', '"equal"'), "'equal' is none of dynamic, static, percentage, priority"),
                              (("= 900", "= 901"), "interval_seconds: must be 300, 900, 1800 or 3600"),
                              (("= 80000", "= 300001"), "tariff.feed_in: is above retail"),
                              (("shares = {  }", "shares = { h1 = 600, h2 = 401 }"), "more than 1000 permille")):
            self.refused(case, words, file="settlement.toml", text=toml.replace(*change))
        self.refused(case, "postings.csv:2: debit and credit are the same account", file="postings.csv",
                     text="interval_start,run,debit,credit,amount,kind,household\n1782000000,initial,utility,utility,5,energy,\n")

    def test_spans_of_an_island_are_checked_and_need_prices(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 350))
        self.refused(case, "islanded.csv: settlement.toml has no prices for it", file="islanded.csv", text="begin,end\n")
        case.islanded, case.island_spans = (600000, 100000), [(T, T)]
        self.refused(case, f"islanded.csv:2: end '{T}' is not after begin")
        toml = case.toml()
        os.remove(self.path("islanded.csv"))
        case.islanded = None
        self.refused(case, "islanded.csv: No such file", file="settlement.toml", text=toml)

    def test_contracts_that_do_not_balance_are_flagged_and_everybody_is_settled(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.contracts[0][4] = 499
        case.meter("h1", (0, 0), (0, 350))
        report = self.settle(case, balanced=False)
        self.assertIn((T, "", "", "contracts_unbalanced"), self.flags())
        self.assertEqual(self.figures("h1")["energy_amount"], -99800000)
        self.assertEqual(self.figures("h2")["energy_amount"], 100000000)
        self.assertEqual(report["money"]["spread"], 200000)

    def test_files_changed_by_hand_are_found_out(self):
        case = Case()
        case.trade("h1", "h2", 500, 200000)
        case.meter("h1", (0, 0), (0, 350))
        self.settle(case, "--run", "final")
        when = f"interval {T} (2026-06-21T00:00:00Z)"
        for name, old, new, words in (
                ("postings.csv", "45000000", "45000001", f"statements.csv: {when}: the statement of h1 is not what postings.csv has"),
                ("postings.csv", "escrow,household:h1,100000000", "escrow,household:h1,99999999", f"postings.csv: {when}: its postings leave 1 in escrow")):
            good = self.text(name)
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(good.replace(old, new))
            self.assertIn(words, run(self.folder, status=65).stderr)
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.write(good)

    def test_an_interval_the_files_no_longer_speak_of_stays_as_it_is(self):
        case = Case()
        case.meter("h1", (0, 0), (100, 0), (300, 0))
        self.settle(case)
        first = self.statements()[(T, "h1")]
        case.registers = case.registers[1:]
        self.assertEqual(self.settle(case, "--run", "revised")["postings"]["new"], 0)
        self.assertEqual(self.statements()[(T, "h1")], first)

    def test_the_example_of_the_documentation(self):
        docs = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
        shutil.copytree(os.path.join(docs, "examples", "settlement"), self.folder, dirs_exist_ok=True)
        run(self.folder)
        with open(os.path.join(docs, "settlement.md"), encoding="utf-8") as file:
            page = file.read()
        for name in ("settlement.toml", "contracts.csv", "registers.csv", "statements.csv", "postings.csv", "flags.csv"):
            self.assertIn("".join(f"    {line}\n" for line in self.text(name).splitlines()), page, name)

    # Laws.

    def test_random_directories_are_settled_as_computed_here(self):
        for seed in range(SEED, SEED + 120):
            with self.subTest(seed=seed):
                self.start_again()
                case = random_case(seed)
                self.settle(case)
                statements, money, communities = settle_again(case)
                self.assertEqual(self.statements(), statements)
                self.assertEqual(self.money(), money)
                self.assertEqual(self.communities(), communities)

    def start_again(self):
        for name in (*WRITTEN, "islanded.csv"):
            if os.path.exists(self.path(name)):
                os.remove(self.path(name))

    def test_late_and_corrected_readings_end_where_readings_on_time_do(self):
        for seed in range(SEED, SEED + 60):
            with self.subTest(seed=seed):
                draw = random.Random(seed)
                case = random_case(seed)
                true = case.registers
                self.start_again()
                for step in ("initial", "revised", "revised", "final"):
                    case.registers = [row[:] for row in true]
                    for row in case.registers if step != "final" else ():
                        if row[5] == "good" and draw.random() < 0.2:
                            row[3:] = draw.choice([["", "", "missing"], [row[3] + draw.randint(0, 500), row[4], "good"]])
                    self.settle(case, "--run", step)
                found = self.statements(), self.money(), self.communities()
                self.start_again()
                self.settle(case)
                self.assertEqual(found, (self.statements(), self.money(), self.communities()))

    def test_the_sequence_of_contracts_changes_nothing(self):
        case = random_case(SEED + 1)
        self.settle(case)
        files = [name for name in WRITTEN if os.path.exists(self.path(name))]
        found = {name: self.text(name) for name in files}
        self.start_again()
        random.Random(1).shuffle(case.contracts)
        self.settle(case)
        self.assertEqual(found, {name: self.text(name) for name in files})


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else PROGRAM
    unittest.main(verbosity=2)
