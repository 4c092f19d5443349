#!/usr/bin/python3
"""The worked examples of docs/settlement.md: every table between `<!-- example: NAME -->` and `<!-- end -->` is what `commonwatt
settle` says of docs/examples/settlement-NAME. `test_worked_examples.py PROGRAM --rewrite` writes the tables anew."""

import collections
import csv
import datetime
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from fractions import Fraction

PROGRAM = "build/release/bin/commonwatt"
DOCS = os.path.join(os.path.dirname(__file__), "..", "..", "docs")
PAGE = os.path.join(DOCS, "settlement.md")
MARKED = re.compile(r"(<!-- example: ([a-z-]+) -->\n)(.*?)(<!-- end -->\n)", re.DOTALL)
ENERGIES = {"contract_wh": "contract", "delivered_wh": "delivered", "deviation_wh": "deviation"}
AMOUNTS = {"energy_amount": "energy", "imbalance_amount": "imbalance", "fee_amount": "fees", "loss_amount": "losses",
           "tax_amount": "tax", "total": "pays"}


def money(nano):
    """Currency with four decimals, for people; a half goes to the even neighbour."""
    return f"{round(Fraction(int(nano), 10**5)) / 10**4:.4f}"


def clock(seconds):
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%H:%M")


def table(header, rows):
    is_figure = [all(re.match("-?[0-9]", str(row[column])) for row in rows) for column in range(len(header))]
    lines = [header, ["---:" if right else "---" for right in is_figure], *rows]
    return "".join("| " + " | ".join(map(str, line)) + " |\n" for line in lines)


class Directory:
    """A copy of an example's directory, settled on demand."""

    def __init__(self, name):
        self.temporary = tempfile.TemporaryDirectory()
        self.folder = self.temporary.name
        shutil.copytree(os.path.join(DOCS, "examples", "settlement-" + name), self.folder, dirs_exist_ok=True)

    def path(self, name):
        return os.path.join(self.folder, name)

    def change(self, name, old, new):
        with open(self.path(name), encoding="utf-8") as file:
            text = file.read()
        if old not in text:
            raise AssertionError(f"{name} has no {old}")
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text.replace(old, new))

    def settle(self, run="initial"):
        done = subprocess.run([PROGRAM, "settle", "--dir", self.folder, "--run", run], capture_output=True, text=True, timeout=60,
                              check=False)
        if done.returncode != 0:
            raise AssertionError(done.stdout + done.stderr)
        return self

    def rows(self, name):
        with open(self.path(name), encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def start_again(self):
        for name in ("statements.csv", "postings.csv", "flags.csv", "runs.csv"):
            os.remove(self.path(name))

    def statements(self):
        """The statements, without the columns that hold nothing but zeros, and without the time where there is only one."""
        rows = self.rows("statements.csv")
        shown = {key: title for key, title in {**ENERGIES, **AMOUNTS}.items() if key == "total" or any(int(row[key]) for row in rows)}
        is_one = len({row["interval_start"] for row in rows}) == 1
        body = []
        for row in rows:
            start = [] if is_one else [clock(row["interval_start"])]
            figures = [f"{row[key]} Wh" if key in ENERGIES else money(row[key]) for key in shown]
            body.append(start + [row["household"]] + figures)
        return table(([] if is_one else ["UTC"]) + ["household", *shown.values()], body)

    def postings(self, run):
        return table(["UTC", "debit", "credit", "amount", "kind"],
                     [[clock(row["interval_start"]), row["debit"], row["credit"], money(row["amount"]), row["kind"]]
                      for row in self.rows("postings.csv") if row["run"] == run])

    def balances(self):
        """What the accounts that are not a household's end with, in every interval."""
        sums, starts = collections.Counter(), []
        for row in self.rows("postings.csv"):
            start = row["interval_start"]
            starts += [start] if start not in starts else []
            sums[(row["debit"], start)] -= int(row["amount"])
            sums[(row["credit"], start)] += int(row["amount"])
        accounts = sorted({account for (account, _), amount in sums.items() if amount and not account.startswith("household:")})
        return table(["balance", *map(clock, starts)], [[account] + [money(sums[(account, start)]) for start in starts] for account in accounts])


def estimate():
    directory = Directory("estimate")
    text = directory.settle().statements()
    shutil.copy(directory.path("registers-late.csv"), directory.path("registers.csv"))
    return text + "\nThe reading comes:\n\n" + directory.settle("revised").statements() + "\nPosted by the revised run:\n\n" + directory.postings("revised")


def keys():
    body = []
    for title, text in (("`dynamic`", 'key = "dynamic"'), ("`static`", 'key = "static"'),
                        ("`static`, `pass_on = true`", 'key = "static"\npass_on = true'), ("`percentage`", 'key = "percentage"'),
                        ("`priority`", 'key = "priority"')):
        directory = Directory("keys")
        directory.change("settlement.toml", 'key = "dynamic"', text)
        rows = {row["household"]: row for row in directory.settle().rows("statements.csv")}
        body.append([title] + [f'{abs(int(rows[name]["contract_wh"]))} Wh' for name in rows] + [money(rows[name]["total"]) for name in rows])
    return table(["key", "h1 gets", "h2 gets", "h3 gives", "h1 pays", "h2 pays", "h3 pays"], body)


def transformers():
    directory = Directory("transformers")
    text = directory.settle().statements()
    directory.start_again()
    directory.change("settlement.toml", 'h3 = "transformer-2"', 'h3 = "transformer-1"')
    return text + "\nWith h3 behind transformer-1 too:\n\n" + directory.settle().statements()


def island():
    directory = Directory("island").settle()
    return directory.statements() + "\n" + directory.balances()


def communities():
    directory = Directory("communities").settle()
    shared = table(["community", "household", "contract", "energy"],
                   [[row["community"], row["household"], f'{row["contract_wh"]} Wh', money(row["energy_amount"])]
                    for row in directory.rows("communities.csv")])
    return shared + "\n" + directory.statements()


EXAMPLES = {
    "under-delivery": lambda: Directory("under-delivery").settle().statements(),
    "over-delivery": lambda: Directory("over-delivery").settle().statements(),
    "estimate": estimate,
    "keys": keys,
    "transformers": transformers,
    "island": island,
    "communities": communities,
}


def read_page():
    with open(PAGE, encoding="utf-8") as file:
        return file.read()


class WorkedExamples(unittest.TestCase):
    maxDiff = None

    def test_every_table_of_the_page_is_what_the_program_says(self):
        found = {name: text for _, name, text, _ in MARKED.findall(read_page())}
        self.assertEqual(sorted(found), sorted(EXAMPLES))
        for name, text in found.items():
            with self.subTest(name=name):
                self.assertEqual(text, EXAMPLES[name]())

    def test_every_example_directory_is_on_the_page(self):
        folders = {name.removeprefix("settlement-") for name in os.listdir(os.path.join(DOCS, "examples")) if name.startswith("settlement-")}
        self.assertEqual(folders, set(EXAMPLES))


def rewrite():
    page = MARKED.sub(lambda found: found[1] + EXAMPLES[found[2]]() + found[4], read_page())
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page)


if __name__ == "__main__":
    PROGRAM = sys.argv.pop(1) if len(sys.argv) > 1 else PROGRAM
    if sys.argv[1:] == ["--rewrite"]:
        rewrite()
    else:
        unittest.main(verbosity=2)
