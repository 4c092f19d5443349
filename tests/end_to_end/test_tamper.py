#!/usr/bin/python3
"""One changed bit anywhere in what a run left (journal, log, bills) is found, and the first interval it touches named.

COMMONWATT_TAMPER_SEED chooses other bits.
"""

import concurrent.futures
import json
import os
import random
import shutil

import neighbourhood
from neighbourhood import Neighbourhood

SEED = int(os.environ.get("COMMONWATT_TAMPER_SEED", "20260621"))
FLIPS = 200
WORKERS = 2
SHARES = {"controller/journal.sqlite": 0.5, "log/*.txt": 0.2, "bills/*.jsonl": 0.3}


def chosen_bits(directory, seed):
    """Seeded (file, byte, bit): each kind of file gets its share, each byte of a file the same chance."""
    draw = random.Random(seed)
    bits = []
    for pattern, share in SHARES.items():
        files = sorted(directory.glob(pattern))
        assert files, f"the run left no {pattern}"
        sizes = [file.stat().st_size for file in files]
        for _ in range(round(FLIPS * share)):
            place = draw.choices(range(len(files)), sizes)[0]
            bits.append((str(files[place].relative_to(directory)), draw.randrange(sizes[place]), draw.randrange(8)))
    return bits


def flip(file, byte, bit):
    with file.open("r+b") as opened:
        opened.seek(byte)
        value = opened.read(1)[0] ^ 1 << bit
        opened.seek(byte)
        opened.write(bytes([value]))


class Tamper(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.demo = cls.start_demo("street", 3, 6)
        status, _, told = cls.demo.finish()
        assert status == 0, told

    def verify(self, directory):
        done = self.call("verify", directory, "--json")
        return done.returncode, json.loads(done.stdout) if done.stdout.startswith("{") else {}

    def misses(self, copy, bits):
        """The flips that verify did not find or could not place, each undone after its turn."""
        missed = []
        for name, byte, bit in bits:
            flip(copy / name, byte, bit)
            status, report = self.verify(copy)
            flip(copy / name, byte, bit)
            if status != 1 or report.get("verified") is not False or report.get("first_bad_interval") is None:
                missed.append(f"{name} byte {byte} bit {bit}: exit {status}, {report.get('faults')}")
        return missed

    def test_every_flipped_bit_is_found_and_placed(self):
        bits = chosen_bits(self.demo.directory, SEED)
        print(f"\nseed {SEED}: {len(bits)} bits", flush=True)
        copies = [self.directory / f"copy{number}" for number in range(WORKERS)]
        for copy in copies:
            shutil.copytree(self.demo.directory, copy)
        with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
            parts = [bits[number::WORKERS] for number in range(WORKERS)]
            missed = [miss for found in pool.map(self.misses, copies, parts) for miss in found]
        self.assertEqual(missed, [], f"{len(missed)} of {len(bits)} flips were missed")
        for copy in [self.demo.directory, *copies]:
            status, report = self.verify(copy)
            self.assertEqual((status, report["first_bad_interval"]), (0, None), f"{copy.name} without a flip")

    def test_cut_and_missing_files_are_found(self):
        for name in ("log/checkpoints.txt", "log/entries.txt", "bills/hh01.jsonl", "controller/journal.sqlite"):
            with self.subTest(name):
                copy = self.directory / ("cut-" + name.replace("/", "-"))
                shutil.copytree(self.demo.directory, copy)
                os.truncate(copy / name, (copy / name).stat().st_size // 2)
                self.assertEqual(self.verify(copy)[0], 1, f"{name} cut in half")

    def test_a_changed_figure_of_a_bill_is_found_with_its_own_proof_alone(self):
        bills = self.directory / "hh02.jsonl"
        lines = (self.demo.directory / "bills" / "hh02.jsonl").read_text().splitlines()
        changed = json.loads(lines[2])
        changed["total"] += 1
        bills.write_text("\n".join([*lines[:2], json.dumps(changed, separators=(",", ":")), *lines[3:]]) + "\n")
        shown = self.call("keys", "show", "--dir", self.demo.directory / "controller" / "keys").stdout
        key = shown.partition('log_key = "')[2].partition('"')[0]
        self.assertEqual(self.call("verify", "--bill", bills, "--log-key", key).returncode, 1)


if __name__ == "__main__":
    neighbourhood.main()
