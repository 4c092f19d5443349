#!/usr/bin/python3
"""One real gateway reads a thousand Modbus TCP devices every second, and stays small."""

import asyncio
import re
import resource
import struct
import threading

import neighbourhood
from neighbourhood import LoneGateway, wait_until

DEVICES = 1000
READS_OF_EACH = 15
MEMORY_KB_MAX = 64 * 1000
METER = """[[meter]]
id = "m{number:04}"
role = "submeter"
rating_w = 14000
url = "modbus+tcp://127.1.{high}.{low}:{port}?unit=1"
response_timeout_ms = 20000
"""


def text(words, value):
    return struct.unpack(f">{words}H", value.encode().ljust(2 * words, b"\0"))


def registers():
    """What a three-phase SunSpec meter keeps from 40000 on: the common model, model 203, the end."""
    common = text(16, "Acme") + text(16, "M3") + text(8, "") + text(8, "1") + text(16, "S1") + (1, 0)
    meter = [0x8000] * 105  # nothing is implemented but what follows
    meter[16:21] = [360, 120, 120, 120, 0]  # W, its phases and their scale
    meter[36:44] = [0, 1000, 0, 0, 0, 0, 0, 0]  # TotWhExp and its phases
    meter[44:53] = [0, 5000, 0, 0, 0, 0, 0, 0, 0]  # TotWhImp, its phases, and the scale of both
    return [0x5375, 0x6E53, 1, 66, *common, 203, 105, *meter, 0xFFFF, 0]


class Devices:
    """As many devices as there are loopback addresses, behind one port; each answers function 3."""

    def __init__(self):
        self.image = registers()
        self.reads = {}
        self.port = None
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_until_complete, args=(self.serve(),), daemon=True).start()

    async def serve(self):
        server = await asyncio.start_server(self.answer, "0.0.0.0", 0, backlog=4096)
        self.port = server.sockets[0].getsockname()[1]
        await server.serve_forever()

    async def answer(self, reader, writer):
        device = writer.get_extra_info("sockname")[0]
        try:
            while True:
                transaction, _, _, unit, function, first, count = struct.unpack(">HHHBBHH", await reader.readexactly(12))
                at = first - 40000
                if function != 3 or not 0 <= at <= len(self.image) - count:
                    writer.write(struct.pack(">HHHBBB", transaction, 0, 3, unit, function | 0x80, 2))
                    continue
                words = self.image[at:at + count]
                writer.write(struct.pack(f">HHHBBB{count}H", transaction, 0, 3 + 2 * count, unit, 3, 2 * count, *words))
                self.reads[device] = self.reads.get(device, 0) + 1
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


class ManyMeters(LoneGateway):
    def test_a_thousand_devices_every_second(self):
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        devices = Devices()
        port = wait_until(lambda: devices.port, 30, "the devices")
        meters = "".join(METER.format(number=number, high=number // 250, low=1 + number % 250, port=port)
                         for number in range(DEVICES))
        self.write_gateway(1, meters)
        file = self.directory / "gateway.toml"
        file.write_text(re.sub(r"\[\[meter\]\]\nid = \"hh01-grid\".*?(?=\[\[meter\]\])", "", file.read_text(), flags=re.S))
        gateway = self.start_gateway()
        wait_until(lambda: len(devices.reads) == DEVICES and min(devices.reads.values()) >= READS_OF_EACH, 120,
                   f"{READS_OF_EACH} reads of each of {DEVICES} devices")
        with open(f"/proc/{gateway.pid}/status", encoding="utf-8") as status:
            figures = dict(re.findall(r"(\w+):\s+(\d+)", status.read()))
        print(f"the gateway holds {figures['VmRSS']} kB, {figures['VmHWM']} at most, in {figures['Threads']} threads",
              flush=True)
        with open(f"/proc/{gateway.pid}/maps", encoding="utf-8") as maps:
            sanitised = "libasan" in maps.read()
        if not sanitised:
            self.assertLess(int(figures["VmHWM"]), MEMORY_KB_MAX)
        self.assertNotIn("meter", re.sub(r"answers again", "", (self.directory / "told").read_text()))


if __name__ == "__main__":
    neighbourhood.main()
