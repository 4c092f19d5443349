// Builds trees with @openzeppelin/merkle-tree. Standard input: a JSON array of trees, each an array of
// [community, account, cumulativeNet]. Standard output: for each tree its root, its leaves' hashes and their proofs.
"use strict";

const { StandardMerkleTree } = require("@openzeppelin/merkle-tree");

const trees = JSON.parse(require("fs").readFileSync(0, "utf8"));
const answers = trees.map((values) => {
  const tree = StandardMerkleTree.of(values, ["bytes32", "address", "int256"]);
  tree.validate();
  return {
    root: tree.root,
    leaves: values.map((value) => tree.leafHash(value)),
    proofs: values.map((_, index) => tree.getProof(index)),
  };
});
process.stdout.write(JSON.stringify(answers));
