#!/usr/bin/python3
"""Serves register files by pymodbus, a Modbus implementation that is not ours, until it is ended.

    pymodbus_server.py DIRECTORY LINE...

A LINE is {"framing": "tcp" | "rtutcp" | "rtu", "units": {"1": "FILE"}} in JSON; "rtu" lines are pseudo terminals,
linked in DIRECTORY. Prints the lines' device URLs, without a unit, as a JSON array as soon as all of them can be
reached. What a file does not have is answered with exception 2, a unit that is not there by silence. Needs
python3-pymodbus 3.0 and python3-serial-asyncio.
"""

import asyncio
import json
import os
import pathlib
import sys
import tty

from pymodbus.datastore import ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.framer.socket_framer import ModbusSocketFramer
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer


def read_registers(path):
    """The holding and the input registers of a register file, each word by address."""
    tables = {"holding": {}, "input": {}}
    for line in pathlib.Path(path).read_text().splitlines():
        place, colon, words = line.partition("#")[0].rpartition(":")
        if not colon:
            continue
        *table, address = place.split()
        for offset, word in enumerate(words.split()):
            tables[table[0] if table else "holding"][int(address) + offset] = int(word, 16)
    return tables["holding"], tables["input"] or tables["holding"]


class Registers:
    """What pymodbus asks of a data block; nobody writes."""

    def __init__(self, words):
        self.words = words

    def validate(self, address, count=1):
        return all(at in self.words for at in range(address, address + count))

    def getValues(self, address, count=1):  # pylint: disable=invalid-name
        return [self.words[at] for at in range(address, address + count)]


def context_of(units):
    slaves = {}
    for unit, path in units.items():
        holding, inputs = read_registers(path)
        slaves[int(unit)] = ModbusSlaveContext(hr=Registers(holding), ir=Registers(inputs), zero_mode=True)
    return ModbusServerContext(slaves=slaves, single=False)


def cross(loop, link):
    """A null modem: two pseudo terminals. Links the client's end, returns the path of the other."""
    ends = [os.openpty() for _ in range(2)]
    for _, terminal in ends:
        tty.setraw(terminal)
    for (here, _), (there, _) in (ends, ends[::-1]):
        loop.add_reader(here, lambda here=here, there=there: os.write(there, os.read(here, 4096)))
    os.symlink(os.ttyname(ends[0][1]), link)
    return os.ttyname(ends[1][1])


async def serve(loop, line, link):
    """Serves one line; the URL it is reached at."""
    context = context_of(line["units"])
    if line["framing"] == "rtu":
        await ModbusSerialServer(context, ModbusRtuFramer, port=cross(loop, link), baudrate=9600,
                                 ignore_missing_slaves=True).start()
        return f"modbus+rtu://{link}"
    framer = ModbusRtuFramer if line["framing"] == "rtutcp" else ModbusSocketFramer
    server = ModbusTcpServer(context, framer, address=("127.0.0.1", 0), ignore_missing_slaves=True)
    asyncio.ensure_future(server.serve_forever())
    await server.serving
    port = server.server.sockets[0].getsockname()[1]
    return f"modbus+{line['framing']}://127.0.0.1:{port}"


async def main(directory, lines):
    loop = asyncio.get_running_loop()
    urls = [await serve(loop, json.loads(line), f"{directory}/rtu{number}") for number, line in enumerate(lines)]
    print(json.dumps(urls), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
