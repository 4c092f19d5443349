#!/usr/bin/python3
"""`commonwatt bill` as a household runs it: the same figures in every format, pages that are well formed, examples that hold."""

import csv
import html.parser
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree
from decimal import ROUND_HALF_EVEN, Decimal

PROGRAM = "build/release/bin/commonwatt"
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BILLS = os.path.join(ROOT, "docs/examples/hh01.jsonl")
LOG_KEY = "cb1d5e7b4cd08fa31240fef842ab682044318777cb7f8f4200c1a3eb4467e3f8"


def run(*arguments, text=None, status=0):
    done = subprocess.run([PROGRAM, *arguments], input=text, capture_output=True, text=True, timeout=60, check=False, cwd=ROOT)
    if done.returncode != status:
        raise AssertionError(f"{' '.join(arguments)}: status {done.returncode}, not {status}\n{done.stderr}")
    return done


def bill(*arguments, **options):
    return run("bill", "--file", BILLS, "--time-zone", "Europe/Berlin", *arguments, **options)


class Page(html.parser.HTMLParser):
    """Which elements are open, all texts, all tables; complains of what is closed and was not open."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.cells, self.foot = [], set(), [], []

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.open.append(tag)
        assert not {"src", "href", "srcset", "onload"} & {name for name, _ in attrs}, attrs

    def handle_startendtag(self, tag, attrs):
        self.tags.add(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("td", "b"):
            (self.foot if "tfoot" in self.open else self.cells).append(data)


def shown(nano, language):
    text = f"{(Decimal(nano) / 10**9).quantize(Decimal('0.01'), ROUND_HALF_EVEN):,.2f}".replace("-", "\u2212")
    text = "0.00" if text == "\u22120.00" else text
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


class Bill(unittest.TestCase):
    def setUp(self):
        with open(BILLS, encoding="utf-8") as file:
            self.bills = [json.loads(line) for line in file]

    def test_figures_are_those_of_the_bills_in_every_format(self):
        rows = list(csv.DictReader(io.StringIO(bill("--format", "csv").stdout)))
        report = json.loads(bill("--format", "json").stdout)
        self.assertEqual(len(rows), len(self.bills))
        for sealed, row, entry in zip(self.bills, rows, report["rows"]):
            self.assertEqual(row["interval_start"], sealed["interval"])
            self.assertEqual(int(row["total_nano"]), sealed["total"])
            self.assertEqual(Decimal(row["total"]) * 10**9, sealed["total"])
            self.assertEqual(int(row["without_market_nano"]) - int(row["total_nano"]), sealed["saved"])
            self.assertEqual(int(row["from_neighbours_wh"]) - int(row["to_neighbours_wh"]), sealed["contract_wh"])
            self.assertEqual(int(row["from_grid_wh"]) - int(row["to_grid_wh"]), sealed["deviation_wh"])
            self.assertEqual(int(row["used_wh"]), sealed["used_wh"])
            self.assertEqual(int(row["own_use_wh"]), sealed["produced_wh"] - sealed["export_wh"])
            self.assertEqual(entry["total"], sealed["total"])
            self.assertEqual(row["batch_root"], entry["batch_root"])
        total = sum(sealed["total"] for sealed in self.bills)
        self.assertEqual(report["sums"]["total"], total)
        for language in ("en", "de"):
            self.assertIn(shown(total, language), bill("--language", language).stdout)
            page = Page()
            page.feed(bill("--format", "html", "--language", language).stdout)
            self.assertIn(shown(total, language), page.foot)

    def test_a_page_is_well_formed_in_both_languages_and_needs_nothing_from_elsewhere(self):
        for language in ("en", "de"):
            text = bill("--format", "html", "--language", language, "--log-key", LOG_KEY).stdout
            xml.etree.ElementTree.fromstring(text.partition("\n")[2])
            page = Page()
            page.feed(re.sub(r"<meta[^>]*/>", "", text))
            self.assertEqual(page.open, [])
            self.assertFalse(page.tags & {"script", "link", "img", "iframe", "object"})
            self.assertNotRegex(text, r"https?:|url\(|@import")
            self.assertIn("@page", text)
            for sealed in self.bills:
                self.assertIn(sealed["interval"], text)

    def test_the_bills_come_back_whole_and_can_be_verified(self):
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "hh01.jsonl")
            bill("--format", "jsonl", "--from", "2026-06-21", "--to", "2026-06-22", "--out", out)
            with open(out, encoding="utf-8") as copy, open(BILLS, encoding="utf-8") as file:
                self.assertEqual(copy.read(), file.read())
            run("verify", "--bill", out, "--log-key", LOG_KEY)

    def test_periods_are_local(self):
        count = lambda *period: len(bill("--format", "csv", *period).stdout.splitlines()) - 1
        self.assertEqual(count("--month", "2026-06"), 5)
        self.assertEqual(count("--to", "2026-06-21T12:00:00Z"), 3)
        self.assertEqual(count("--from", "2026-06-21T12:00:00Z"), 2)
        self.assertIn("there is no bill in this period", bill("--month", "2026-07", status=65).stderr)
        tokyo = run("bill", "--file", BILLS, "--time-zone", "Asia/Tokyo", "--from", "2026-06-22", "--format", "csv").stdout
        self.assertEqual(len(tokyo.splitlines()), 3)

    def test_what_is_wrong_is_named(self):
        with open(BILLS, encoding="utf-8") as file:
            good = file.read()
        wrong = run("bill", "--file", "-", text=good.replace('"import_wh":0', '"import_wh":1', 1), status=65).stderr
        self.assertRegex(wrong, r"standard input:\d+: is no bill, or a damaged one")
        self.assertIn("is not signed by the controller", bill("--log-key", "ab" * 32, status=65).stderr)
        for arguments, words in ((["--log-key", "12"], "64 hexadecimal digits"), (["--month", "2026-13"], "is not a month"),
                                 (["--month", "2026-06", "--from", "2026-06-01"], "--month, or --from"), (["--from", "now"], "neither a day"),
                                 (["--from", "2026-06-22", "--to", "2026-06-21"], "not before --to"), (["--currency", "eur"], "three capital letters"),
                                 (["--time-zone", "Mars/Olympus"], "'Mars/Olympus' is no zone")):
            self.assertIn(words, run("bill", "--file", BILLS, *arguments, status=64).stderr)
        self.assertIn("--file FILE or --store DIR", run("bill", status=64).stderr)
        self.assertIn("No such file", run("bill", "--file", "nowhere.jsonl", status=65).stderr)
        self.assertIn("nowhere", run("bill", "--store", "nowhere", status=65).stderr)

    def test_examples_of_the_manual_print_what_it_says(self):
        with open(os.path.join(ROOT, "docs/bills.md"), encoding="utf-8") as file:
            examples = re.findall(r"```text\n\$ commonwatt ([^\n]*)\n(.*?)```", file.read(), re.DOTALL)
        self.assertGreaterEqual(len(examples), 3)
        for command, expected in examples:
            self.assertEqual(run(*command.split()).stdout, expected, command)


if __name__ == "__main__":
    PROGRAM = os.path.abspath(sys.argv.pop(1) if len(sys.argv) > 1 else PROGRAM)
    unittest.main(verbosity=2)
