// Asks a Modbus/TCP server by jsmodbus, a client that is not ours.
//
//   node jsmodbus_client.js HOST PORT UNIT < REQUESTS
//
// REQUESTS is a JSON array of [function, address, count], function 3 (holding) or 4 (input registers). Prints a JSON
// array with the words of each, or {"exception": CODE}. An answer that does not come is an error.
'use strict';

const net = require('net');
const { client: { TCP } } = require('jsmodbus');

const [host, port, unit] = process.argv.slice(2);
const requests = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const socket = new net.Socket();
const client = new TCP(socket, Number(unit), 5000);

async function ask([fc, address, count]) {
  try {
    const { response } = await (fc === 3 ? client.readHoldingRegisters(address, count)
      : client.readInputRegisters(address, count));
    return Array.from(response.body.valuesAsArray);
  } catch (error) {
    if (error.err !== 'ModbusException') throw error;
    return { exception: error.response.body.code };
  }
}

socket.on('connect', async () => {
  try {
    const answers = [];
    for (const request of requests) answers.push(await ask(request));
    console.log(JSON.stringify(answers));
  } catch (error) {
    console.error(error);
    process.exitCode = 1;
  }
  socket.end();
});
socket.on('error', error => { console.error(error); process.exitCode = 1; });
socket.connect({ host, port: Number(port) });
