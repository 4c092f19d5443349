#!/usr/bin/python3
"""`commonwatt export` against the programs it writes for: every balance that ledger and hledger find is the sum made here."""

import csv
import io
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import defaultdict
from decimal import Decimal

PROGRAM = "build/release/bin/commonwatt"
SEED = int(os.environ.get("COMMONWATT_TEST_SEED", "20261121"))
HEADER = ["interval_start", "run", "debit", "credit", "amount", "kind", "household"]
BOOK_NAMES = {
    "utility": "liabilities:payable:utility", "escrow": "liabilities:clearing:escrow", "fees": "income:network-fees",
    "congestion": "income:congestion-rent", "losses": "expenses:network-losses", "spread": "income:spread",
    "taxes": "liabilities:taxes", "rounding": "expenses:rounding", "rewards": "expenses:rewards",
    "bank": "assets:bank",
}
MONDAY = 1_781_481_600  # 2026-06-15


def book_name(account):
    return BOOK_NAMES.get(account, "assets:receivable:" + account)


def run(*arguments, status=0):
    done = subprocess.run([PROGRAM, "export", *arguments], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != status:
        raise AssertionError(f"export {' '.join(arguments)}: status {done.returncode}, not {status}\n{done.stderr}")
    return done


def random_postings(draw, count):
    accounts = [*BOOK_NAMES, *(f"household:hh{number:02}" for number in range(1, 8))]
    for _ in range(count):
        debit, credit = draw.sample(accounts, 2)
        amount = draw.choice([1, 999_999_999, 1_000_000_000, draw.randint(1, 10**6), draw.randint(1, 10**14)])
        household = debit.partition(":")[2] or credit.partition(":")[2]
        yield [MONDAY + 900 * draw.randint(0, 300), draw.choice(["initial", "revised", "final"]), debit, credit, amount,
               draw.choice(["energy", "imbalance", "fee", "loss", "tax", "rounding"]), household]


def balances_of(postings):
    """In nano-currency, by the names of the books; accounts that come to zero included."""
    sums = defaultdict(int)
    for _, _, debit, credit, amount, _, _ in postings:
        sums[book_name(debit)] += amount
        sums[book_name(credit)] -= amount
    return dict(sums)


def nano(text):
    number = Decimal(re.sub(r"[^0-9.-]", "", text) or "0") * 10**9
    assert number == int(number), text
    return int(number)


def ledger_balances(journal):
    done = subprocess.run(["ledger", "--args-only", "-f", journal, "balance", "--flat", "--no-total", "--empty", "--balance-format",
                           "%(account)\t%(display_total)\n"], capture_output=True, text=True, timeout=120, check=True)
    return {name: nano(amount) for name, amount in (line.split("\t") for line in done.stdout.splitlines())}


def hledger_balances(journal):
    done = subprocess.run(["hledger", "-f", journal, "balance", "-O", "csv", "--flat", "--no-total", "--empty"], capture_output=True,
                          text=True, timeout=120, check=True, env={**os.environ, "LANG": "C.UTF-8"})
    return {row["account"]: nano(row["balance"]) for row in csv.DictReader(io.StringIO(done.stdout))}


READERS = {name: reader for name, reader in (("ledger", ledger_balances), ("hledger", hledger_balances)) if shutil.which(name)}


class Export(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory(prefix="commonwatt-export-")
        self.addCleanup(self.folder.cleanup)

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def write(self, postings):
        with open(self.path("postings.csv"), "w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows([HEADER, *postings])

    def test_every_account_has_the_same_balance_in_the_books(self):
        self.assertTrue(READERS, "neither ledger nor hledger is installed (tools/setup test)")
        for seed in range(SEED, SEED + 8):
            postings = list(random_postings(random.Random(seed), 400))
            self.write(postings)
            for form in ("ledger", "hledger"):
                run("--dir", self.folder.name, "--format", form, "--out", self.path("books"))
                for name, balances in READERS.items():
                    with self.subTest(seed=seed, format=form, reader=name):
                        expected = {account: sum_ for account, sum_ in balances_of(postings).items() if sum_}
                        found = {account: sum_ for account, sum_ in balances(self.path("books")).items() if sum_}
                        self.assertEqual(expected, found)

    def test_a_changed_amount_is_caught_by_the_assertions(self):
        self.write([[MONDAY, "initial", "household:hh01", "escrow", 1_500_000_001, "energy", "hh01"],
                    [MONDAY, "initial", "escrow", "household:hh02", 1_500_000_001, "energy", "hh02"]])
        text = run("--dir", self.folder.name, "--format", "ledger").stdout
        self.assertIn("1.500000001 EUR", text)
        changed = text.replace("escrow  -1.500000001", "escrow  -1.500000002").replace("hh01  1.500000001", "hh01  1.500000002")
        self.assertNotEqual(text, changed)
        with open(self.path("changed"), "w", encoding="utf-8") as file:
            file.write(changed)
        for name, balances in READERS.items():
            with self.subTest(reader=name), self.assertRaises(subprocess.CalledProcessError):
                balances(self.path("changed"))

    def test_transactions_are_one_per_interval_and_run_in_order(self):
        postings = list(random_postings(random.Random(SEED), 300))
        self.write(postings)
        text = run("--dir", self.folder.name, "--format", "hledger").stdout
        codes = re.findall(r"^\d{4}-\d\d-\d\d \((\S+) (\S+)\)", text, re.MULTILINE)
        self.assertEqual(len(codes), len({(start, kind) for start, kind, *_ in postings}))
        order = [(start, ["initial", "revised", "final"].index(kind)) for start, kind in codes]
        self.assertEqual(order, sorted(order))

    def test_csv_keeps_every_posting_and_bounds_cut_at_intervals(self):
        postings = list(random_postings(random.Random(SEED), 300))
        self.write(postings)
        rows = list(csv.DictReader(io.StringIO(run("--dir", self.folder.name).stdout)))
        self.assertEqual(sorted(int(row["amount_nano"]) for row in rows), sorted(posting[4] for posting in postings))
        self.assertTrue(all(nano(row["amount"]) == int(row["amount_nano"]) for row in rows))
        bounded = run("--dir", self.folder.name, "--from", "2026-06-16", "--to", "2026-06-17T12:00:00Z").stdout
        kept = [p for p in postings if MONDAY + 86_400 <= p[0] < MONDAY + 216_000]
        self.assertEqual(len(list(csv.DictReader(io.StringIO(bounded)))), len(kept))

    def test_nothing_in_the_period_is_an_empty_book(self):
        self.write(list(random_postings(random.Random(SEED), 3)))
        text = run("--dir", self.folder.name, "--format", "ledger", "--from", "2030-01-01", "--out", self.path("books")).stdout
        self.assertEqual(text, "")
        for balances in READERS.values():
            self.assertEqual(balances(self.path("books")), {})

    def test_what_is_wrong_is_named(self):
        good = [MONDAY, "initial", "household:hh01", "escrow", 5, "energy", "hh01"]
        for column, value, words in ((0, "soon", "interval_start 'soon'"), (1, "third", "run 'third'"), (2, "till", "debit 'till' is no account"),
                                     (3, "household:hh01", "debit and credit are the same account"), (4, 0, "amount '0'"), (5, "", "kind ''"), (6, "A;B", "household 'A;B'")):
            bad = list(good)
            bad[column] = value
            self.write([good, bad])
            error = run("--dir", self.folder.name, "--out", self.path("none"), status=65).stderr
            self.assertIn(f"postings.csv:3: {words}", error)
            self.assertFalse(os.path.exists(self.path("none")))
        self.write([good])
        self.assertIn("neither a day", run("--dir", self.folder.name, "--from", "June", status=64).stderr)
        self.assertIn("three capital letters", run("--dir", self.folder.name, "--currency", "euro", status=64).stderr)
        os.remove(self.path("postings.csv"))
        self.assertIn("holds neither", run("--dir", self.folder.name, status=65).stderr)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else PROGRAM
    unittest.main(verbosity=2)
