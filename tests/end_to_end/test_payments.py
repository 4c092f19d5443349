#!/usr/bin/python3
"""Payments of a running controller: each row of the file is booked once, whenever the controller is killed; and the books
of a demo with payments are those that ledger, hledger and the controller itself have.

COMMONWATT_TEST_SEED chooses other moments.
"""

import contextlib
import json
import os
import pathlib
import random
import signal
import sqlite3
import subprocess
import time
import urllib.request

import neighbourhood
from neighbourhood import Neighbourhood, rows, wait_until
from test_export import READERS

SEED = int(os.environ.get("COMMONWATT_TEST_SEED", "20261121"))
KILLS = 12
NANO = 10**9
HEADER = "date,household,amount,reference\n"
CONTROLLER = """[market]
origin = "commonwatt.example/street"
retail_price = 300000
feed_in_price = 80000
trading_end = "1970-01-02T00:00:00Z"
[controller]
store = "store"
keys = "keys"
[broker]
uri = "ssl://127.0.0.1:9"
ca = "nobody.pem"
certificate = "nobody.pem"
key = "nobody.key"
[api]
port = 0
port_file = "port"
[ledger]
payments = "payments.csv"
"""
HOUSEHOLD = """[[household]]
id = "{id}"
fuse_w = 14000
credit_limit_nano = 0
{keys}
"""


class Controller:
    """`commonwatt controller` in a directory that has its controller.toml, and what it wrote down."""

    def __init__(self, program, directory):
        self.directory = pathlib.Path(directory)
        self.program = program
        self.told = self.directory / "told"
        self.process = None

    def start(self):
        (self.directory / "port").unlink(missing_ok=True)
        with self.told.open("a") as told:
            self.process = subprocess.Popen([self.program, "controller", "--config", self.directory / "controller.toml"], stderr=told)

    def stop(self, how=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(how)
            return self.process.wait(60)
        return None

    def households(self):
        """What the API says of each; nothing while it does not answer."""
        with contextlib.suppress(OSError, ValueError):
            port = int((self.directory / "port").read_text())
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/v1/households", timeout=10) as answer:
                return {home["id"]: home for home in json.load(answer)["households"]}
        return {}


def row(number, household, amount, prefix="transfer"):
    return f"2026-06-{1 + number % 28:02},{household},{amount},{prefix} {number}\n"


class KilledController(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        subprocess.run([cls.program, "keys", "make", "--for", "controller", "--dir", cls.directory / "keys"], check=True, capture_output=True)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ed25519", "-nodes", "-subj", "/CN=nobody", "-days", "2",
                        "-keyout", cls.directory / "nobody.key", "-out", cls.directory / "nobody.pem"], check=True, capture_output=True)
        text = CONTROLLER
        for name in ("hh01", "hh02"):
            keys = subprocess.run([cls.program, "keys", "make", "--dir", cls.directory / name], check=True, capture_output=True, text=True)
            text += HOUSEHOLD.format(id=name, keys=keys.stdout)
        (cls.directory / "controller.toml").write_text(text)
        cls.file = cls.directory / "payments.csv"
        cls.file.write_text(HEADER)
        cls.controller = Controller(cls.program, cls.directory)
        cls.addClassCleanup(lambda: cls.controller.stop(signal.SIGKILL))

    def booked(self):
        with contextlib.suppress(sqlite3.OperationalError):  # killed before it had made its tables
            return rows(self.directory / "store" / "journal.sqlite", "SELECT number, household, amount, reference FROM payment ORDER BY number")
        return []

    def append(self, text):
        with self.file.open("a") as file:
            file.write(text)

    def balances(self):
        return {name: home["balance"] for name, home in self.controller.households().items()}

    def test_every_row_is_booked_once_however_often_the_controller_is_killed(self):
        draw = random.Random(SEED)
        print(f"\nseed {SEED}")
        expected = []
        for turn in range(KILLS):
            for _ in range(draw.randint(1, 4)):
                number = len(expected)
                household = draw.choice(["hh01", "hh02"])
                expected.append((household, draw.randint(1, 10**12), f"transfer {number}"))
                amount = expected[-1][1]
                self.append(row(number, household, f"{amount // NANO}.{amount % NANO:09}"))
            self.controller.start()
            time.sleep(draw.uniform(0, 0.6))
            self.controller.stop(signal.SIGKILL)
        before = len(self.booked())
        self.controller.start()
        sums = {name: sum(amount for home, amount, _ in expected if home == name) for name in ("hh01", "hh02")}
        wait_until(lambda: self.balances() == sums, 60, f"the balances {sums}, not {self.balances()}")
        self.assertEqual([row[1:] for row in self.booked()], expected)
        self.assertEqual([row[0] for row in self.booked()], list(range(1, len(expected) + 1)))
        print(f"{len(expected)} rows, {KILLS} kills, {before} booked before the last start", flush=True)
        self.check_running(sums)

    def check_running(self, sums):
        """While it runs: the control, a payout, and what is wrong is told and holds up nothing."""
        home = self.controller.households()["hh01"]
        self.assertEqual(home["available"], home["balance"])
        # The control: the same rows under other references are booked again, so it is the references that kept them out.
        self.append(self.file.read_text().replace("transfer", "again") + "2026-06-30,hh03,1,stranger\nnonsense\n"
                    "2026-06-30,hh02,-999999,too much\n2026-06-30,hh01,-1.5,back\n")
        doubled = {"hh01": 2 * sums["hh01"] - 15 * NANO // 10, "hh02": 2 * sums["hh02"]}
        wait_until(lambda: self.balances() == doubled, 60, f"the balances {doubled}")
        table = self.call("payouts", "--dir", self.directory / "store", "--csv", self.directory / "payouts.csv")
        self.assertEqual(table.returncode, 0, table.stderr)
        payouts = dict(line.split(",")[1:3] for line in (self.directory / "payouts.csv").read_text().splitlines()[1:])
        self.assertEqual(payouts, {name: f"-{sum_ // NANO}.{sum_ % NANO // 10**7:02}" for name, sum_ in doubled.items()})
        told = self.controller.told.read_text()
        lines = self.file.read_text().splitlines()
        for word, what in (("stranger", "household 'hh03' is no household"), ("nonsense", "not the four columns"),
                           ("too much", "amount '-999999.00' is more than")):
            number = next(i for i, line in enumerate(lines, 1) if line.endswith(word))
            self.assertEqual(told.count(f"payments.csv:{number}: {what}"), 1, told)
        self.assertEqual(self.controller.stop(), 0)
        verified = self.call("verify", self.directory / "store")
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)


class Books(Neighbourhood):
    def test_the_books_of_a_demo_with_payments_are_those_of_its_controller(self):
        demo = self.start_demo("street", 3, 6)
        status, _, told = demo.finish()
        self.assertEqual(status, 0, told)
        home = demo.directory / "controller"
        # The same controller again, its market's clock standing still, with a file of payments.
        config = (home / "controller.toml").read_text()
        config = config.replace("[clock]", 'port_file = "port"\n[ledger]\npayments = "payments.csv"\n[clock]')
        (home / "controller.toml").write_text(config)
        (home / "payments.csv").write_text(HEADER + "2026-06-21,hh01,20,in\n2026-06-22,hh02,0.000000001,dust\n2026-06-23,hh01,-5.25,out\n")
        before = self.books(demo.directory)
        controller = Controller(self.program, home)
        self.addCleanup(lambda: controller.stop(signal.SIGKILL))
        controller.start()
        wait_until(lambda: len(self.payments(home)) == 3, 60, "three payments")
        expected = {name: before[name] for name in ("hh01", "hh02", "hh03")}
        expected["hh01"] += 1475 * NANO // 100
        expected["hh02"] += 1
        self.assertEqual(self.books(demo.directory), expected)
        wait_until(lambda: self.balances(controller) == expected, 60, f"the balances {expected} in the API")
        # Paid out to the cent, by the list the program makes.
        self.assertEqual(self.call("payouts", "--dir", home, "--include-provisional", "--minimum", "0.01", "--csv", home / "out.csv").returncode, 0)
        rows_out = (home / "out.csv").read_text().splitlines()[1:]
        with (home / "payments.csv").open("a") as file:
            file.write((home / "out.csv").read_text())
        wait_until(lambda: len(self.payments(home)) == 3 + len(rows_out), 60, "the payouts")
        left = self.books(demo.directory)
        self.assertTrue(all(balance < NANO // 100 for balance in left.values()), left)
        wait_until(lambda: self.balances(controller) == left, 60, f"the balances {left} in the API")
        self.assertEqual(controller.stop(), 0)
        self.check_accounts(demo.directory, {name: balance for name, balance in left.items() if name in expected})
        verified = self.call("verify", demo.directory)
        self.assertEqual(verified.returncode, 0, verified.stdout + verified.stderr)

    def check_accounts(self, directory, left):
        """Every household's bill has its payments, and ends with what the books say."""
        paid = self.payments(directory / "controller")
        for name, balance in left.items():
            bill = ("bill", "--file", directory / "bills" / f"{name}.jsonl", "--books", directory, "--from", "2026-06-01", "--to", "2026-07-01")
            done = self.call(*bill, "--format", "json")
            self.assertEqual(done.returncode, 0, done.stderr)
            account = json.loads(done.stdout)["account"]
            own = sorted((amount, reference) for _, household, amount, _, reference in paid if household == name)
            self.assertEqual(sorted((-payment["amount"], payment["reference"]) for payment in account["payments"]), own)
            self.assertEqual(account["opening"] + account["settled"] + sum(payment["amount"] for payment in account["payments"]), account["closing"])
            self.assertEqual(account["closing"], -balance)
        short = self.call(*bill[:-4], "--from", "2026-06-21T00:00:00Z", "--to", "2026-06-22")
        self.assertEqual(short.returncode, 0, short.stderr)
        wrong = self.call(*bill, "--currency", "CHF")
        self.assertEqual(wrong.returncode, 65)
        self.assertIn("the books are in EUR; give --currency EUR", wrong.stderr)

    @staticmethod
    def balances(controller):
        return {name: home["balance"] for name, home in controller.households().items()}

    @staticmethod
    def payments(home):
        with contextlib.suppress(Exception):
            return rows(home / "journal.sqlite", "SELECT * FROM payment")
        return []

    def books(self, directory):
        """Every household's balance in the exported books, positive for credit, the same in all of them."""
        books = directory / "books"
        done = self.call("export", "--dir", directory, "--format", "ledger", "--out", books)
        self.assertEqual(done.returncode, 0, done.stderr)
        found = []
        for balances in READERS.values():
            accounts = balances(books)
            self.assertEqual(sum(accounts.values()), 0)
            paid = [amount for number, name, amount, *_ in self.payments(directory / "controller")]
            self.assertEqual(accounts.get("assets:bank", 0), sum(paid))
            found.append({name.rpartition(":")[2]: -sum_ for name, sum_ in accounts.items() if name.startswith("assets:receivable:")})
        self.assertTrue(found and all(balances == found[0] for balances in found), found)
        return found[0]


if __name__ == "__main__":
    neighbourhood.main()
