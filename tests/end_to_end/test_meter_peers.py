#!/usr/bin/python3
"""`commonwatt meter` against Modbus programs that are not ours: their servers read by us, our server read by them.

Served are the devices in registers/, made up by hand, and where they are present the dumps of real devices with what
another SunSpec implementation reads in them (COMMONWATT_REFERENCE_DATA, else ../shared/data beside the repository).
Needs mbpoll, python3-pymodbus with python3-serial-asyncio, node and `npm ci` in tests/peers.
"""

import collections
import concurrent.futures
import json
import math
import os
import pathlib
import random
import re
import shutil
import subprocess

import neighbourhood
from neighbourhood import Neighbourhood, reference_data

HERE = pathlib.Path(__file__).resolve().parent
PEERS = HERE.parent / "peers"
REGISTERS = HERE / "registers"
DUMPS = reference_data("meters/sunspec")
OTHER_DUMPS = reference_data("meters/other")
SEED = int(os.environ.get("COMMONWATT_TEST_SEED", "20261121"))
PATIENCE = 5000  # ms: dozens of servers share a slow machine with the tests
FRAMINGS = ("tcp", "rtutcp", "rtu")
BASES_FOUND = (40000, 0, 50000)  # without being told
DECODED = {1, 101, 102, 103, 111, 112, 113, 120, 121, 122, 123, 124, 160, 201, 202, 203, 204, 211, 212, 213, 214, 701,
           702, 703, 704, 706, 713, 714, 715, 802}

# What the files in registers/ were written to say: base, models as (id, address, length), and of some points
# (model, instance, name): (raw, value).
OWN = {
    "inverter_103": (40000, [(1, 40002, 66), (103, 40070, 50), (120, 40122, 26), (121, 40150, 30), (64999, 40182, 5),
                             (122, 40189, 44), (123, 40235, 24), (124, 40261, 24), (160, 40287, 48)], {
        (1, 0, "Mn"): ("Acme Solar", "Acme Solar"), (1, 0, "Md"): ("PV-6000-3", "PV-6000-3"),
        (1, 0, "Opt"): ("batt", "batt"), (1, 0, "Vr"): ("1.2.3", "1.2.3"), (1, 0, "SN"): ("INV0001", "INV0001"),
        (1, 0, "DA"): (126, 126), (103, 0, "A"): (1425, 14.25), (103, 0, "PPVphBC"): (4011, 401.1),
        (103, 0, "W"): (3210, 3210), (103, 0, "Hz"): (5001, 50.01), (103, 0, "VAr"): (-755, -755),
        (103, 0, "PF"): (-973, -0.973), (103, 0, "WH"): (12345678, 123456780), (103, 0, "WH_SF"): (1, 1),
        (103, 0, "DCV"): (4105, 410.5), (103, 0, "TmpCab"): (415, 41.5), (103, 0, "TmpSnk"): (None, None),
        (103, 0, "StVnd"): (None, None), (103, 0, "Evt1"): (0, 0), (120, 0, "WRtg"): (600, 6000),
        (120, 0, "ARtg"): (87, 8.7), (120, 0, "PFRtgQ4"): (-800, -0.8), (120, 0, "WHRtg"): (None, None),
        (121, 0, "WMax"): (600, 6000), (121, 0, "VRef"): (230, 230), (122, 0, "PVConn"): (7, 7),
        (122, 0, "ActWh"): (98765432101, 98765432101), (122, 0, "ActVAh"): (None, None),
        (122, 0, "TmSrc"): ("RTC", "RTC"), (122, 0, "Tms"): (812345678, 812345678),
        (123, 0, "WMaxLimPct"): (750, 75), (123, 0, "WMaxLim_Ena"): (1, 1), (124, 0, "ChaState"): (8437, 84.37),
        (124, 0, "OutWRte"): (-2500, -25), (124, 0, "InBatV"): (4021, 402.1), (124, 0, "ChaGriSet"): (1, 1),
        (160, 0, "N"): (2, 2), (160, 0, "module[0].IDStr"): ("east", "east"), (160, 0, "module[0].DCA"): (402, 4.02),
        (160, 0, "module[0].DCW"): (1650, 1650), (160, 0, "module[0].DCWH"): (654321, 6543210),
        (160, 0, "module[1].IDStr"): ("west", "west"), (160, 0, "module[1].DCA"): (None, None),
        (160, 0, "module[1].Tmp"): (None, None)}),
    "meter_203_short_common": (0, [(1, 2, 65), (203, 69, 105)], {
        (1, 0, "SN"): ("MTR0002", "MTR0002"), (1, 0, "DA"): (1, 1), (203, 0, "A"): (-1280, -12.8),
        (203, 0, "PhVphC"): (2305, 230.5), (203, 0, "PhVphCA"): (3990, 399), (203, 0, "W"): (-2950, -2950),
        (203, 0, "PFphB"): (-979, -0.979), (203, 0, "TotWhExp"): (None, None),
        (203, 0, "TotWhImp"): (40000001, 40000001), (203, 0, "TotWhImpPhC"): (100003, 100003),
        (203, 0, "TotVAhImp"): (None, None), (203, 0, "Evt"): (0, 0)}),
    "meter_203_at_4096": (4096, [(1, 4098, 66), (203, 4166, 105)], {
        (1, 0, "Pad"): (32768, 32768), (203, 0, "Hz"): (4998, 49.98), (203, 0, "TotWhExp"): (305419896, 305419896),
        (203, 0, "TotWhImp"): (4294967294, 4294967294), (203, 0, "TotWh_SF"): (0, 0)}),
    "floats_without_end": (50000, [(1, 50002, 66), (113, 50070, 60), (213, 50132, 124)], {
        (113, 0, "A"): (14.25, 14.25), (113, 0, "PPVphCA"): (None, None), (113, 0, "Hz"): (50.0625, 50.0625),
        (113, 0, "PF"): (-0.96875, -0.96875), (113, 0, "WH"): (12345678, 12345678), (113, 0, "St"): (4, 4),
        (213, 0, "W"): (-2950.5, -2950.5), (213, 0, "TotWhExp"): (16777216, 16777216),
        (213, 0, "TotWhImp"): (2500000.5, 2500000.5), (213, 0, "TotVAhExp"): (None, None), (213, 0, "Evt"): (0, 0)}),
    "inverter_with_meter": (40000, [(1, 40002, 66), (103, 40070, 50), (1, 40122, 65), (203, 40189, 105)], {
        (103, 0, "W"): (-12, -120), (103, 0, "WH"): (4294967295, 42949672950), (1, 1, "Md"): ("M3-sub", "M3-sub"),
        (1, 1, "SN"): ("SUB0005", "SUB0005"), (203, 0, "TotWhImp"): (7654321, 7654321),
        (203, 0, "TotWhExp"): (1234567, 1234567)}),
    "der_701": (40000, [(1, 40002, 66), (701, 40070, 153), (704, 40225, 65), (713, 40292, 7), (714, 40301, 68)], {
        (701, 0, "ACType"): (2, 2), (701, 0, "PF"): (950, 0.95), (701, 0, "Hz"): (49985, 49.985),
        (701, 0, "TotWhInj"): (18000000000000000001, 18000000000000000001), (701, 0, "TotVarhInj"): (None, None),
        (701, 0, "TmpCab"): (-35, -3.5), (701, 0, "WL2"): (968, 968), (701, 0, "VL1L2"): (4000, 400),
        (701, 0, "TotWhInjL3"): (9007199254740993, 9007199254740993), (701, 0, "MnAlrmInfo"): ("all well", "all well"),
        (704, 0, "WMaxLimPct"): (850, 85), (704, 0, "WMaxLimPctRvrtRem"): (77, 77), (704, 0, "WSet"): (-10000, -10000),
        (704, 0, "WSetPct"): (-500, -50), (704, 0, "VarSet"): (None, None), (704, 0, "PFWInj.PF"): (950, 0.95),
        (704, 0, "PFWInjRvrt.PF"): (1000, 1), (704, 0, "PFWAbs.PF"): (None, None), (713, 0, "WHRtg"): (10000, 100000),
        (713, 0, "SoC"): (432, 43.2), (714, 0, "NPrt"): (2, 2), (714, 0, "Prt[0].IDStr"): ("battery", "battery"),
        (714, 0, "Prt[0].DCA"): (-395, -3.95), (714, 0, "Prt[1].DCA"): (1185, 11.85), (714, 0, "Prt[1].ID"): (2, 2)}),
}


def registers_in(path):
    """The words of a register file by table and address."""
    tables = {"holding": {}, "input": {}}
    for line in path.read_text().splitlines():
        if match := re.match(r"(?:(holding|input) )?(\d+):([^#]*)", line):
            for offset, word in enumerate(match[3].split()):
                tables[match[1] or "holding"][int(match[2]) + offset] = int(word, 16)
    return tables


def same(one, other):
    """Whether two values agree; numbers of which one was scaled in another way may differ in the last digit."""
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-12)
    return one == other


def flattened(points, prefix=""):
    """(name, raw, value) of the points and groups of points that the other implementation read."""
    for name, point in points.items():
        if isinstance(point, list):
            for number, group in enumerate(point):
                yield from flattened(group, f"{prefix}{name}[{number}].")
        elif "raw" in point and not isinstance(point["raw"], dict):
            yield prefix + name, point["raw"], point["value"]
        else:
            yield from flattened(point, f"{prefix}{name}.")


def points_of(report):
    """(model, instance, name): (raw, value)."""
    return {(point["model"], point["instance"], point["point"]): (point["raw"], point["value"])
            for point in report["points"]}


def models_of(report):
    return [(model["id"], model["address"], model["length"]) for model in report["models"]]


class MeterPeers(Neighbourhood):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (PEERS / "node_modules").is_dir():
            raise AssertionError(f"the foreign programs are not installed; run npm ci in {PEERS}")
        cls.told = (cls.directory / "told").open("w+")
        cls.addClassCleanup(cls.told.close)
        cls.reference = {path.stem: json.loads((DUMPS / "expected" / f"{path.stem}.json").read_text())
                         for path in sorted(DUMPS.glob("*.regs"))}
        cls.files = {name: REGISTERS / f"{name}.regs" for name in OWN}
        cls.files.update((name, DUMPS / f"{name}.regs") for name in cls.reference)
        cls.bases = {name: OWN[name][0] if name in OWN else cls.reference[name]["base"] for name in cls.files}
        cls.urls = collections.defaultdict(dict)  # name: {who serves it: URL}
        cls.serve()
        cls.reports = cls.read_all()

    @classmethod
    def start(cls, *command):
        """A server that prints how it is reached; the process."""
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=cls.told, text=True)
        cls.addClassCleanup(lambda: (process.kill(), process.wait(), process.stdout.close()))
        return process

    @classmethod
    def said(cls, process):
        """The line that it printed."""
        line = process.stdout.readline().strip()
        if line:
            return line
        cls.told.seek(0)
        raise AssertionError(f"{process.args} did not start: {cls.told.read()[-2000:]}")

    @classmethod
    def simulate(cls, path, framing, unit=1):
        cls.simulated = getattr(cls, "simulated", 0) + 1
        place = f"{cls.directory}/ours{cls.simulated}" if framing == "rtu" else "127.0.0.1:0"
        return cls.start(cls.program, "meter", "simulate", path, "--listen", f"modbus+{framing}://{place}?unit={unit}")

    @classmethod
    def serve(cls):
        """Every file by every server over every framing it knows, all at the same time."""
        lines = [(name, framing) for name in cls.files for framing in FRAMINGS]
        ask = [{"framing": framing, "units": {1: str(cls.files[name])}} for name, framing in lines]
        ask.append({"framing": "rtu", "units": {3: str(cls.files["meter_203_short_common"]),
                                                4: str(cls.files["inverter_103"])}})
        pymodbus = cls.start("/usr/bin/python3", PEERS / "pymodbus_server.py", cls.directory, *map(json.dumps, ask))
        modbus_serial = cls.start("node", PEERS / "modbus_serial_server.js", *cls.files.values())
        ours = [cls.simulate(cls.files[name], framing) for name, framing in lines]
        for (name, framing), process in zip(lines, ours):
            cls.urls[name]["commonwatt " + framing] = cls.said(process)
        *urls, cls.bus = json.loads(cls.said(pymodbus))
        for (name, framing), url in zip(lines, urls):
            cls.urls[name]["pymodbus " + framing] = url + "?unit=1"
        for name, url in zip(cls.files, json.loads(cls.said(modbus_serial))):
            cls.urls[name]["modbus-serial tcp"] = url + "?unit=1"

    @classmethod
    def url(cls, name, server):
        base = cls.bases[name]
        return cls.urls[name][server] + ("" if base in BASES_FOUND else f"&base={base}")

    @classmethod
    def read_all(cls):
        """{name: {server: report}}; a device that could not be read has the reason instead."""

        def read(name, server):
            done = cls.call("meter", "read", cls.url(name, server), "--points", "--json", "--timeout-ms", PATIENCE)
            if done.returncode != 0:
                return done.stderr
            report = json.loads(done.stdout)
            for reading in report["readings"]:
                del reading["time"], reading["round_trip_ms"]
            return report

        reports = collections.defaultdict(dict)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            jobs = {(name, server): pool.submit(read, name, server) for name in cls.urls for server in cls.urls[name]}
            for (name, server), job in jobs.items():
                reports[name][server] = job.result()
        return reports

    # --- their servers, our reader ---

    def test_whoever_serves_a_device_over_whatever_framing_it_reads_the_same(self):
        compared = 0
        for name, reports in self.reports.items():
            self.assertEqual(len(reports), 7)
            for server, report in reports.items():
                self.assertIsInstance(report, dict, f"{name} by {server}: {report}")
                self.assertEqual(report, reports["pymodbus tcp"], f"{name} by {server}")
                compared += len(report["points"])
        print(f"{len(self.reports)} devices, {compared} points of 7 servers", end=" ", flush=True)

    def test_the_devices_made_by_hand_read_as_they_were_written(self):
        for name, (base, models, points) in OWN.items():
            report = self.reports[name]["pymodbus tcp"]
            self.assertEqual((report["base"], models_of(report)), (base, models), name)
            read = points_of(report)
            for key, (raw, value) in points.items():
                self.assertEqual(read[key][0], raw, f"{name} {key}")
                self.assertTrue(same(read[key][1], value), f"{name} {key}: {read[key]}, not {value}")

    def test_the_dumps_read_as_another_implementation_reads_them(self):
        if not self.reference:
            self.skipTest(f"there are no dumps in {DUMPS}")
        compared = 0
        for name, expected in self.reference.items():
            report = self.reports[name]["pymodbus tcp"]
            read = points_of(report)
            self.assertEqual(report["base"], expected["base"], name)
            self.assertEqual(models_of(report), [(model["id"], model["addr"], model["len"])
                                                 for model in expected["models"]], name)
            common = expected["models"][0]["points"]
            self.assertEqual([report[key] for key in ("maker", "model", "serial")],
                             [(common[key]["value"] or "").rstrip() for key in ("Mn", "Md", "SN")], name)
            seen = collections.Counter()
            for model in expected["models"]:
                instance = seen[model["id"]]
                seen[model["id"]] += 1
                if model["id"] not in DECODED:
                    continue
                wanted = {(model["id"], instance, point): (raw, value)
                          for point, raw, value in flattened(model["points"])}
                ours = {key: both for key, both in read.items() if key[:2] == (model["id"], instance)}
                self.assertEqual(set(ours), set(wanted), name)
                for key, (raw, value) in wanted.items():
                    self.assertTrue(same(ours[key][0], raw) and same(ours[key][1], value),
                                    f"{name} {key}: {ours[key]}, not {(raw, value)}")
                compared += len(wanted)
        print(f"{compared} points", end=" ", flush=True)

    def test_the_meter_behind_an_inverter_is_a_device_of_its_own(self):
        done = self.call("meter", "read", self.url("inverter_with_meter", "pymodbus tcp") + "&device=1", "--json")
        report = json.loads(done.stdout)
        self.assertEqual((report["model"], report["serial"]), ("M3-sub", "SUB0005"))
        values = {reading["quantity"]: reading["value"] for reading in report["readings"]}
        self.assertEqual((values["energy_import"], values["energy_export"]), (7654321, 1234567))

    # --- probe ---

    def probe(self, url):
        done = self.call("meter", "probe", url, "--json", "--timeout-ms", PATIENCE)
        return done.returncode, json.loads(done.stdout or "[]"), done.stderr

    def test_probe_names_every_device(self):
        for name, reports in self.reports.items():
            report = reports["pymodbus tcp"]
            status, found, said = self.probe(self.url(name, "pymodbus tcp"))
            self.assertEqual((status, len(found)), (0, 1), f"{name}: {found} {said}")
            self.assertEqual([found[0][key] for key in ("maker", "model", "serial", "base", "models", "profile")],
                             [report[key] for key in ("maker", "model", "serial", "base", "models")] + ["sunspec"])

    def test_units_on_one_line_are_told_apart(self):
        found = {unit: self.probe(f"{self.bus}?unit={unit}") for unit in (3, 4, 5)}
        self.assertEqual([found[3][1][0]["serial"], found[4][1][0]["serial"]], ["MTR0002", "INV0001"])
        status, nothing, said = found[5]
        self.assertEqual((status, nothing), (1, []))
        self.assertIn("nothing answers at", said)

    def test_meters_with_a_register_map_read_by_their_profile(self):
        if not OTHER_DUMPS.is_dir():
            self.skipTest(f"there are no dumps in {OTHER_DUMPS}")
        expected = {  # as the meters' own words say it, and which certainty a probe has
            "sn_schneider_schneider-test-pm3200-data-01":
                ("schneider-iem3000", "identified", "16233039", {"voltage_l1": 239.3, "frequency": 50.07,
                                                                 "active_power": -607, "energy_import": 82872323}),
            "sn_elkor_upt-01":
                ("elkor-upt", "plausible", "18034", {"voltage_l1": 284.8, "voltage_l12": 495.7, "frequency": 60,
                                                     "active_power": 20800, "energy_import": 2085388250})}
        for dump, (profile, grounds, serial, wanted) in expected.items():
            url = self.said(self.simulate(OTHER_DUMPS / f"{dump}.regs", "tcp"))
            done = self.call("meter", "read", url, "--profile", profile, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            values = {reading["quantity"]: reading["value"] for reading in json.loads(done.stdout)["readings"]}
            for quantity, value in wanted.items():
                self.assertAlmostEqual(values[quantity], value, delta=abs(value) * 2e-4, msg=f"{dump} {quantity}")
            phases = sum(values[f"active_power_l{phase}"] for phase in (1, 2, 3))
            self.assertAlmostEqual(values["active_power"], phases, delta=1, msg=dump)
            _, found, said = self.probe(url)
            self.assertEqual([(one["profile"], one["grounds"], one["serial"]) for one in found],
                             [(profile, grounds, serial)], said)

    # --- our server, their clients ---

    def requests(self, count):
        """Random requests for registers that are there, for some that are not, and for both; and what is there."""
        path = REGISTERS / "both_tables.regs"
        tables = registers_in(path)
        draw = random.Random(SEED)
        for _ in range(count):
            table = draw.choice(("holding", "input"))
            words = tables[table]
            address = max(0, draw.choice(list(words)) + draw.randint(-3, 3))
            length = min(draw.choice((1, 2, draw.randint(1, 125), draw.randint(1, 20))), 65536 - address)
            there = [words.get(at) for at in range(address, address + length)] if address < 65536 else [None]
            if length > 0:
                yield table, address, length, None if None in there else there

    def test_mbpoll_reads_from_our_server_what_is_in_the_file(self):
        path = REGISTERS / "both_tables.regs"
        tcp, rtu = (self.said(self.simulate(path, framing, 7)) for framing in ("tcp", "rtu"))
        port, line = re.search(r":(\d+)\?", tcp)[1], re.search(r"rtu://(.*)\?", rtu)[1]
        ways = (["-m", "tcp", "-p", port, "127.0.0.1"], ["-m", "rtu", "-b", "9600", "-P", "none", line])
        refused = 0
        for number, (table, address, count, expected) in enumerate(self.requests(60)):
            command = ["mbpoll", "-a", "7", "-0", "-1", "-o", "10", "-r", str(address), "-c", str(count), "-t",
                       "4:hex" if table == "holding" else "3:hex", *ways[number % 2]]
            done = subprocess.run(command, capture_output=True, text=True, timeout=60)
            said = f"{command}: {done.stdout}{done.stderr}"
            words = [int(word, 16) for word in re.findall(r"^\[\d+\]:\s+0x([0-9A-F]+)", done.stdout, re.M)]
            self.assertEqual(words, expected or [], said)
            self.assertEqual(done.returncode == 0, expected is not None, said)
            if expected is None:
                refused += 1
                self.assertIn("Illegal data address", said)
        self.assertGreater(refused, 5, "the seed draws too few requests for what is not there")

    def test_jsmodbus_reads_from_our_server_what_is_in_the_file(self):
        port = re.search(r":(\d+)\?", self.said(self.simulate(REGISTERS / "both_tables.regs", "tcp", 7)))[1]
        requests = list(self.requests(500))
        ask = [[3 if table == "holding" else 4, address, count] for table, address, count, _ in requests]
        done = subprocess.run(["node", PEERS / "jsmodbus_client.js", "127.0.0.1", port, "7"], input=json.dumps(ask),
                              capture_output=True, text=True, timeout=60)
        self.assertEqual(done.returncode, 0, done.stderr)
        for request, answer, (_, _, _, expected) in zip(ask, json.loads(done.stdout), requests, strict=True):
            self.assertEqual(answer, {"exception": 2} if expected is None else expected, f"{request}, seed {SEED}")


if __name__ == "__main__":
    neighbourhood.main()
