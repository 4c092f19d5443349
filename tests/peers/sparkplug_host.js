// A Sparkplug host application that is not ours: it decodes with what sparkplug-client decodes with, follows the edge
// nodes at a broker as a host has to, and prints a JSON object for every message, with a complaint where it cannot make
// sense of one.
//
//   node sparkplug_host.js HOST PORT
//
// A line "rebirth GROUP NODE" on standard input asks an edge node for its births.
'use strict';

const { createRequire } = require('module');
const readline = require('readline');

const clientRequire = createRequire(require.resolve('sparkplug-client'));
const mqtt = clientRequire('mqtt');
const sparkplug = clientRequire('sparkplug-payload').get('spBv1.0');

const HOST_ID = 'commonwatt-test-host';
const [host, port] = process.argv.slice(2);
const state = online => JSON.stringify({ online, timestamp: Date.now() });
const stateTopic = `spBv1.0/STATE/${HOST_ID}`;
const client = mqtt.connect({
  host, port: Number(port), protocolVersion: 4, clean: true,
  will: { topic: stateTopic, payload: state(false), qos: 1, retain: true },
});

const nodes = new Map(); // "GROUP/NODE" to {bdSeq, seq, online, devices: name to metrics}
const print = object => process.stdout.write(JSON.stringify(object) + '\n');
const plain = value => (value !== null && typeof value === 'object' && typeof value.toNumber === 'function'
  ? value.toNumber() : value === undefined ? null : value);

function metricsOf(payload) {
  const metrics = {};
  for (const { name, type, value, timestamp, properties } of payload.metrics || []) {
    metrics[name] = { type, value: plain(value), timestamp: plain(timestamp) };
    if (properties && properties.engUnit) metrics[name].unit = properties.engUnit.value;
  }
  return metrics;
}

// What a host must be able to rely on; the first thing that is not so is the complaint.
function complaintOf(verb, node, device, seq, metrics) {
  if (verb === 'NDEATH') {
    if (Object.keys(metrics).join() !== 'bdSeq') return 'a death with other metrics than bdSeq';
    return metrics.bdSeq.value === node.bdSeq ? null : `a death of session ${metrics.bdSeq.value}, not ${node.bdSeq}`;
  }
  if (verb === 'NBIRTH') {
    if (seq !== 0) return `a node's birth with seq ${seq}`;
    if (!metrics.bdSeq) return 'a birth without bdSeq';
    const control = metrics['Node Control/Rebirth'];
    return control && control.type === 'Boolean' && control.value === false ? null : 'a birth without rebirth control';
  }
  if (!node.online) return 'a message of a node that was not born';
  if (seq !== (node.seq + 1) % 256) return `seq ${seq} after ${node.seq}`;
  if (verb === 'DBIRTH') return null;
  const born = node.devices.get(device);
  if (!born) return `${verb} of a device that was not born`;
  const strange = Object.keys(metrics).filter(name => !(name in born) || born[name].type !== metrics[name].type);
  return strange.length ? `metrics the birth did not have: ${strange}` : null;
}

function follow(verb, node, device, seq, metrics) {
  if (verb === 'NBIRTH') Object.assign(node, { online: true, bdSeq: metrics.bdSeq && metrics.bdSeq.value, devices: new Map() });
  if (verb === 'NDEATH') Object.assign(node, { online: false, devices: new Map() });
  if (verb === 'DBIRTH') node.devices.set(device, metrics);
  if (verb === 'DDEATH') node.devices.delete(device);
  if (seq !== null) node.seq = seq;
}

function take(topic, message, packet) {
  const [, group, verb, name, device = null] = topic.split('/');
  if (group === 'STATE' || verb === 'NCMD') return;
  const said = { verb, group, node: name, device, qos: packet.qos, retain: packet.retain };
  try {
    const payload = sparkplug.decodePayload(message);
    const seq = payload.seq === undefined || payload.seq === null ? null : plain(payload.seq);
    const metrics = metricsOf(payload);
    const key = `${group}/${name}`;
    if (!nodes.has(key)) nodes.set(key, { online: false, seq: null, devices: new Map() });
    const complaint = complaintOf(verb, nodes.get(key), device, seq, metrics);
    follow(verb, nodes.get(key), device, seq, metrics);
    print({ ...said, seq, timestamp: plain(payload.timestamp), metrics, complaint });
  } catch (problem) {
    print({ ...said, complaint: String(problem) });
  }
}

client.on('connect', () => client.subscribe('spBv1.0/#', { qos: 1 }, () => {
  client.publish(stateTopic, state(true), { qos: 1, retain: true });
  print({ verb: 'READY' });
}));
client.on('message', take);
readline.createInterface({ input: process.stdin }).on('line', line => {
  const [command, group, node] = line.split(' ');
  if (command !== 'rebirth') return;
  const payload = { timestamp: Date.now(), metrics: [{ name: 'Node Control/Rebirth', type: 'Boolean', value: true }] };
  client.publish(`spBv1.0/${group}/NCMD/${node}`, Buffer.from(sparkplug.encodePayload(payload)));
});
