// What ethers makes of the questions of test_oracles.py: one JSON object a line, one answer a line.
'use strict';

const readline = require('readline');
const { Interface, SigningKey, Transaction, TypedDataEncoder, computeAddress, recoverAddress } = require('ethers');

const members = [['bytes32', 'community'], ['uint64', 'epoch'], ['bytes32', 'previous'], ['bytes32', 'logRoot'],
  ['uint64', 'logSize'], ['bytes32', 'settlementRoot'], ['uint256', 'volume']].map(([type, name]) => ({ type, name }));
const registry = new Interface([
  `function anchor((${members.map(({ type, name }) => `${type} ${name}`)}) a, bytes[] signatures)`]);

function transaction(question) {
  const made = Transaction.from({
    type: 2, chainId: question.chain_id, nonce: question.nonce, maxPriorityFeePerGas: question.tip,
    maxFeePerGas: question.fee, gasLimit: question.gas, to: question.to, value: question.value, data: question.data,
  });
  const key = new SigningKey(question.key);
  made.signature = key.sign(made.unsignedHash);
  return { raw: made.serialized, hash: made.hash, address: computeAddress(key.publicKey) };
}

function anchor(question) {
  const domain = { name: 'Commonwatt', version: '1', chainId: question.chain_id, verifyingContract: question.registry };
  const types = { Anchor: members };
  const digest = TypedDataEncoder.hash(domain, types, question);
  const signed = question.keys.map(key => new SigningKey(key).sign(digest).serialized)
    .sort((a, b) => (BigInt(recoverAddress(digest, a)) < BigInt(recoverAddress(digest, b)) ? -1 : 1));
  return {
    hash: TypedDataEncoder.hashStruct('Anchor', types, question), digest, signatures: signed,
    call: registry.encodeFunctionData('anchor', [members.map(({ name }) => question[name]), signed]),
  };
}

readline.createInterface({ input: process.stdin }).on('line', line => {
  const question = JSON.parse(line);
  process.stdout.write(JSON.stringify({ transaction, anchor }[question.do](question)) + '\n');
});
