// Compiles one Solidity file and prints the code that deploys its contract: node compile.js FILE CONTRACT
'use strict';

const fs = require('fs');
const solc = require('solc');

const [file, contract] = process.argv.slice(2);
const input = {
  language: 'Solidity',
  sources: { [file]: { content: fs.readFileSync(file, 'utf8') } },
  settings: { evmVersion: 'cancun', optimizer: { enabled: true, runs: 200 },
    outputSelection: { '*': { '*': ['evm.bytecode.object'] } } },
};
const output = JSON.parse(solc.compile(JSON.stringify(input)));
const errors = (output.errors || []).filter(({ severity }) => severity === 'error');
if (errors.length) {
  process.stderr.write(errors.map(({ formattedMessage }) => formattedMessage).join('\n'));
  process.exit(1);
}
process.stdout.write('0x' + output.contracts[file][contract].evm.bytecode.object + '\n');
