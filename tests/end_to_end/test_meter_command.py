#!/usr/bin/python3
"""`commonwatt meter` as an installer meets it: meters that speak by themselves, watching, checking profiles, and what
it says when something is wrong.

Where they are present, the telegrams of real meters are read too (COMMONWATT_REFERENCE_DATA, else ../shared/data beside
the repository).
"""

import json
import os
import pathlib
import re
import socket
import subprocess
import termios
import threading
import tty

import neighbourhood
from neighbourhood import Neighbourhood, reference_data

REGISTERS = pathlib.Path(__file__).resolve().parent / "registers"
USAGE, DATA = 64, 65
P1_LINES = ["/ABC5\\2TEST-1000", "", "1-3:0.2.8(50)", "0-0:1.0.0(260701143015S)", "0-0:96.1.1(4D3432)",
            "1-0:1.8.1(000012.345*kWh)", "1-0:1.8.2(000001.001*kWh)", "1-0:2.8.1(000007.000*kWh)",
            "1-0:2.8.2(000000.999*kWh)", "1-0:1.7.0(00.000*kW)", "1-0:2.7.0(01.250*kW)", "1-0:32.7.0(0231.4*V)",
            "1-0:52.7.0(0229.8*V)", "!"]
P1_READS = {"energy_import": 13346, "energy_export": 7999, "active_power": -1250, "voltage_l1": 231.4,
            "voltage_l2": 229.8}


def crc(data, polynomial, start):
    """A CRC of 16 bits, least significant bit first."""
    value = start
    for octet in data:
        value ^= octet
        for _ in range(8):
            value = value >> 1 ^ (polynomial if value & 1 else 0)
    return value


def p1_telegram(lines=P1_LINES):
    covered = "\r\n".join(lines).encode()
    return covered + b"%04X\r\n" % crc(covered, 0xA001, 0)


def sml_file():
    """A meter that has drawn 1234567.8 Wh, given 7000 Wh, and gives 356.24 W."""

    def text(octets):
        return bytes([len(octets) + 1]) + octets

    def number(kind, width, value):
        return bytes([kind | width + 1]) + value.to_bytes(width, "big", signed=kind == 0x50)

    def message(tag, body):
        begin = b"\x76" + text(b"t1") + number(0x60, 1, 0) + number(0x60, 1, 0) + b"\x72" + number(0x60, 2, tag) + body
        check = crc(begin, 0x8408, 0xFFFF) ^ 0xFFFF
        return begin + number(0x60, 2, (check & 0xFF) << 8 | check >> 8) + b"\x00"

    def entry(code, unit, scaler, width, value):
        return (b"\x77" + text(bytes(code) + b"\xff") + b"\x01\x01" + number(0x60, 1, unit) + number(0x50, 1, scaler) +
                number(0x50, width, value) + b"\x01")

    server = text(b"\x0a\x01ABC\x02\x00\x00\x00\x2a")
    values = [entry((1, 0, 1, 8, 0), 30, -1, 5, 12345678), entry((1, 0, 2, 8, 0), 30, 0, 3, 7000),
              entry((1, 0, 16, 7, 0), 27, -2, 4, -35624)]
    content = message(0x101, b"\x76\x01\x01" + text(b"file") + text(b"\x07") + b"\x01\x01")
    content += message(0x701, b"\x77\x01" + server + b"\x01\x72" + number(0x60, 1, 1) + number(0x60, 4, 99) +
                       bytes([0x70 | len(values)]) + b"".join(values) + b"\x01\x01")
    content += message(0x201, b"\x71\x01")
    fill = -len(content) % 4
    frame = b"\x1b" * 4 + b"\x01" * 4 + content + b"\x00" * fill + b"\x1b" * 4 + b"\x1a" + bytes([fill])
    check = crc(frame, 0x8408, 0xFFFF) ^ 0xFFFF
    return frame + bytes([check & 0xFF, check >> 8])


SML_READS = {"energy_import": 1234567, "energy_export": 7000, "active_power": -356.24}


class Speaker:
    """A serial server that sends a meter's telegrams, in pieces, to whoever connects."""

    def __init__(self, telegram):
        self.telegram = telegram
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.speak, daemon=True).start()

    def speak(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client:
                # Whoever comes hears the end of the telegram that is under way first.
                said = self.telegram[len(self.telegram) // 2:] + self.telegram * 20
                for begin in range(0, len(said), 97):
                    try:
                        client.sendall(said[begin:begin + 97])
                    except OSError:
                        break

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


class MeterCommand(Neighbourhood):
    def meter(self, *arguments, status=0):
        done = self.call("meter", *arguments)
        self.assertEqual(done.returncode, status, f"{arguments}: {done.stdout}{done.stderr}")
        return done

    def read(self, url, *options):
        return json.loads(self.meter("read", url, "--json", *options).stdout)

    def file(self, name, content):
        path = self.directory / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def simulate(self, name, framing="tcp", unit=7):
        place = f"{self.directory}/line" if framing == "rtu" else "127.0.0.1:0"
        command = [self.program, "meter", "simulate", REGISTERS / f"{name}.regs", "--listen",
                   f"modbus+{framing}://{place}?unit={unit}"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.addCleanup(lambda: (server.terminate(), server.wait(), server.stdout.close()))
        return server.stdout.readline().strip()

    def check_values(self, report, expected):
        values = {reading["quantity"]: reading["value"] for reading in report["readings"]}
        self.assertEqual({quantity: values.get(quantity) for quantity in expected}, expected)
        self.assertEqual({reading["quality"] for reading in report["readings"]}, {"good"})

    # --- meters that speak by themselves ---

    def test_a_recorded_p1_telegram_is_read(self):
        report = self.read(f"p1+file://{self.file('p1', p1_telegram())}")
        self.assertEqual([report[key] for key in ("maker", "model", "serial", "base")],
                         ["ABC", "TEST-1000", "M42", None])
        self.check_values(report, P1_READS)

    def test_a_recorded_sml_telegram_is_read(self):
        report = self.read(f"sml+file://{self.file('sml', sml_file())}")
        self.assertEqual(report["maker"], "ABC")
        self.check_values(report, SML_READS)

    def test_telegrams_are_read_through_a_serial_server(self):
        for scheme, telegram, expected in (("p1+tcp", p1_telegram(), P1_READS), ("sml+tcp", sml_file(), SML_READS)):
            speaker = Speaker(telegram)
            self.addCleanup(speaker.stop)
            self.check_values(self.read(f"{scheme}://127.0.0.1:{speaker.port}"), expected)

    def test_telegrams_are_read_from_a_serial_line(self):
        for scheme, telegram, expected in (("p1", p1_telegram(), P1_READS), ("sml", sml_file(), SML_READS)):
            meter, line = os.openpty()
            tty.setraw(line)
            done = threading.Event()

            def speak(telegram=telegram, meter=meter, done=done):
                while not done.wait(0.1):
                    os.write(meter, telegram)

            speaker = threading.Thread(target=speak)
            speaker.start()
            try:
                self.check_values(self.read(f"{scheme}://{os.ttyname(line)}"), expected)
            finally:
                done.set()
                termios.tcflush(line, termios.TCIFLUSH)  # lets a write that found no room go on
                speaker.join()
                os.close(meter)
                os.close(line)

    def test_a_damaged_telegram_is_no_reading(self):
        for name, telegram, digit in (("p1", p1_telegram(), b"12.345"), ("sml", sml_file(), b"\x00\xbc\x61\x4e")):
            damaged = telegram.replace(digit, digit[:-1] + bytes([digit[-1] ^ 1]))
            self.assertNotEqual(damaged, telegram)
            done = self.meter("read", f"{name}+file://{self.file('damaged', damaged)}", status=1)
            self.assertIn("a broken telegram: the checksum is not that of the", done.stderr)
            self.assertEqual(done.stdout, "")

    def test_a_recording_is_read_past_what_is_damaged_in_it(self):
        damaged = p1_telegram().replace(b"12.345", b"12.344")
        for recording in (damaged + p1_telegram(), p1_telegram() + damaged):
            self.check_values(self.read(f"p1+file://{self.file('p1', recording)}"), P1_READS)

    def test_a_recording_without_a_telegram_says_so(self):
        for content in ("", "x\n", p1_telegram()[:-9]):
            done = self.meter("read", f"p1+file://{self.file('recording', content)}", status=1)
            self.assertIn("a broken telegram: no whole one up to the end of the file", done.stderr)

    def test_telegrams_of_real_meters_are_read(self):
        folder = reference_data("meters/p1")
        if not folder.is_dir():
            self.skipTest(f"there are no telegrams in {folder}")
        for path in sorted(folder.glob("*.txt")):
            lines = dict(re.findall(r"^1-0:([12]\.8\.[012])(?:\*255)?\((\d+\.\d+)\*kWh\)", path.read_text(), re.M))
            values = {reading["quantity"]: reading["value"] for reading in self.read(f"p1+file://{path}")["readings"]}
            for quantity, code in (("energy_import", "1.8."), ("energy_export", "2.8.")):
                parts = [value for name, value in lines.items() if name.startswith(code)]
                watt_hours = [int(value.replace(".", "")) * 1000 // 10 ** len(value.partition(".")[2])
                              for value in parts]
                self.assertEqual(values.get(quantity), sum(watt_hours) if parts else None, f"{path.name} {quantity}")
        folder = reference_data("meters/sml")
        read = 0
        for path in sorted(folder.glob("*.bin")):
            decoded = path.with_suffix(".libsml.txt").read_text(errors="replace")
            totals = [float(value) for value in re.findall(r"1-0:1\.8\.0\*255#([\d.]+)#Wh", decoded)]
            if not totals:
                continue
            values = {one["quantity"]: one["value"] for one in self.read(f"sml+file://{path}")["readings"]}
            # Which of a recording's telegrams is read is not said; in one the counter does not run far.
            self.assertTrue(totals[0] - 1 <= values["energy_import"] <= totals[-1] + 2, f"{path.name} {values}")
            read += 1
        self.assertGreaterEqual(read, 7)

    # --- probe, watch, lint ---

    def test_probe_tries_all_units(self):
        url = self.simulate("meter_203_short_common", unit=231)
        done = self.meter("probe", url.partition("?")[0])
        self.assertEqual(done.stdout, "unit 231: Acme Meters M3, serial MTR0002, profile sunspec, describes itself "
                                      "(base 0, models 1 203)\n")
        self.assertIn("unit 247 of 247, 1 found", done.stderr)

    def test_watch_prints_a_line_for_every_read(self):
        url = self.simulate("inverter_103")
        lines = self.meter("watch", url, "--count", "3", "--period-ms", "20", "--json").stdout.splitlines()
        self.assertEqual(len(lines), 3)
        for line in map(json.loads, lines):
            self.check_values(line, {"active_power": 3210, "energy_yield": 123456780})
        lines = self.meter("watch", url, "--count", "2", "--period-ms", "20").stdout.splitlines()
        self.assertEqual(len(lines), 2)
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ  active_power 3210 W  energy_yield 123456780 Wh")

    def test_watch_prints_a_line_for_every_fault_too(self):
        lines = self.meter("watch", "modbus+tcp://127.0.0.1:9", "--count", "2", "--period-ms", "20",
                           "--json").stdout.splitlines()
        self.assertEqual([json.loads(line)["fault"] for line in lines],
                         ["cannot connect: 127.0.0.1 port 9: Connection refused"] * 2)

    def test_lint_says_where_a_profile_is_wrong(self):
        self.assertRegex(self.meter("lint").stdout, r"^\d+ profiles, 0 findings\n$")
        syntax = self.file("syntax.toml", '[device]\nid = "x"\nmaker = \n')
        missing = self.file("missing.toml", '[device]\nid = "x"\nmkaer = "y"\n')
        done = self.meter("lint", syntax, missing, self.directory / "nothing.toml", status=DATA)
        self.assertRegex(done.stdout, rf"(?m)^{re.escape(str(syntax))}:3:\d+: ")
        self.assertRegex(done.stdout, rf"(?m)^{re.escape(str(missing))}:3:\d+: .*mkaer")
        self.assertIn("nothing.toml: cannot be read", done.stdout)
        report = json.loads(self.meter("lint", missing, "--json", status=DATA).stdout)
        self.assertEqual(report["profiles"], 1)
        self.assertTrue(report["findings"])

    # --- what goes wrong ---

    def test_what_the_command_line_gets_wrong_is_said(self):
        url = "modbus+tcp://127.0.0.1:9"
        for arguments, said in (
                (("read", "modbus://192.0.2.7"), "begin with one of modbus+tcp://, "),
                (("read", url + "?unit=300"), 'impossible unit id at "300": write a number from 0 to 255'),
                (("read", url + "?unt=3"), 'a parameter that such a URL does not have at "unt": the choices are unit'),
                (("read", url, "--profile", "eastron-sdm360"), "there are: eastron-sdm120, "),
                (("read", url, "--profile", "elkor-upt", "--points"), "this device has a profile"),
                (("probe", "p1+tcp://127.0.0.1:9"), "a device that speaks by itself needs no probe: read it"),
                (("simulate", REGISTERS / "der_701.regs", "--listen", "p1:///dev/null"), "registers are served as")):
            done = self.meter(*arguments, status=USAGE)
            self.assertIn(said, done.stderr)
            self.assertEqual(done.stdout, "")

    def test_what_is_wrong_with_the_line_or_the_device_is_said(self):
        url, line, elsewhere = (self.simulate(name, framing) for name, framing in
                                (("inverter_103", "tcp"), ("inverter_103", "rtu"), ("meter_203_at_4096", "tcp")))
        for arguments, said in (
                (("read", "modbus+tcp://127.0.0.1:9"), "cannot connect: 127.0.0.1 port 9: Connection refused"),
                (("read", "modbus+rtu:///dev/nothing"), "cannot connect: /dev/nothing: No such file or directory"),
                (("read", "p1+file:///nothing"), "cannot connect: /nothing: No such file or directory"),
                (("probe", "modbus+tcp://127.0.0.1:9?unit=1"), "Connection refused"),
                (("read", url.replace("unit=7", "unit=9")), "the gateway does not reach the device: exception 11 "
                 "(function 3, 2 registers from 40000); check unit="),
                (("read", line.replace("unit=7", "unit=9"), "--timeout-ms", "200"),
                 "no answer in time: function 3, 2 registers from 40000; check unit=, baud=, parity= and the wiring"),
                (("read", url, "--profile", "eastron-sdm630"), "the device does not have these registers: exception 2 "
                 "(function 4, 80 registers from 0); check --profile, or ask commonwatt meter probe"),
                (("read", elsewhere), "looked at 40000, 0, 50000; another address is set with base=")):
            done = self.meter(*arguments, status=1)
            self.assertIn(said, done.stderr)
            self.assertIn(arguments[1].partition("?")[0], done.stderr, "which device it was")
            self.assertEqual(done.stdout, "")

    def test_a_register_file_that_is_wrong_is_not_served(self):
        for content, said in (("40000: 5375\n40000: 5375\n", ":2: register 40000 is given twice"),
                              ("40000: 53\n", ":1: \"53\" is not a word of four hexadecimal digits"),
                              ("# nothing\n", ": no registers: write lines like 40000: 5375 6E53")):
            path = self.file("wrong.regs", content)
            done = self.meter("simulate", path, "--listen", "modbus+tcp://127.0.0.1:0", status=DATA)
            self.assertIn(f"{path}{said}", done.stderr)


if __name__ == "__main__":
    neighbourhood.main()
