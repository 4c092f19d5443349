// Serves register files over Modbus/TCP by modbus-serial, an implementation that is not ours, until it is ended.
//
//   node modbus_serial_server.js FILE...
//
// Prints the device URLs, without a unit, as a JSON array as soon as all of them can be reached. What a file does not
// have is answered with exception 2, a unit other than 1 by silence.
'use strict';

const fs = require('fs');
const { ServerTCP } = require('modbus-serial');

function readRegisters(path) {
  const tables = { holding: new Map(), input: new Map() };
  for (const line of fs.readFileSync(path, 'utf8').split('\n')) {
    const match = /^\s*(?:(holding|input)\s+)?(\d+):([^#]*)/.exec(line);
    if (!match) continue;
    const words = match[3].split(/\s+/).filter(word => word !== '');
    words.forEach((word, i) => tables[match[1] || 'holding'].set(Number(match[2]) + i, parseInt(word, 16)));
  }
  return { holding: tables.holding, input: tables.input.size > 0 ? tables.input : tables.holding };
}

const illegalDataAddress = () => Object.assign(new Error('no such register'), { modbusErrorCode: 2 });

// A request for a single register is only answered when there is a function for single ones.
function vectorOf({ holding, input }) {
  const one = table => address => {
    if (!table.has(address)) throw illegalDataAddress();
    return table.get(address);
  };
  const many = table => (address, count) => Array.from({ length: count }, (_, i) => one(table)(address + i));
  return {
    getHoldingRegister: one(holding), getMultipleHoldingRegisters: many(holding),
    getInputRegister: one(input), getMultipleInputRegisters: many(input),
  };
}

function serve(path) {
  return new Promise((resolve, reject) => {
    // The number 0 would be taken for no port at all, and so for 502.
    const server = new ServerTCP(vectorOf(readRegisters(path)), { host: '127.0.0.1', port: '0', unitID: 1 });
    server.on('initialized', () => resolve(`modbus+tcp://127.0.0.1:${server._server.address().port}`));
    server.on('serverError', reject);
    server.on('socketError', () => {}); // a client that goes away
  });
}

async function main(paths) {
  const urls = [];
  for (const path of paths) urls.push(await serve(path));
  console.log(JSON.stringify(urls));
}

main(process.argv.slice(2)).catch(error => { console.error(error); process.exit(1); });
