// `commonwatt chain key` and `commonwatt chain status`.
#pragma once

#include <ostream>

#include "controller/chain/command_options.hpp"

namespace commonwatt {

struct ChainKeyOptions {
  std::string file = {};  ///< or a PKCS#11 URI: then the key is in a token
  std::string kind = {};  ///< of a new key: relayer, attester, guardian or owner
  bool show = false;      ///< instead, prints the address of the key that is there, of any kind
};
/// Returns the exit status: 0; 64 for options that do not fit; 65 when the key cannot be read or made.
int run_chain_key(const ChainKeyOptions& options, std::ostream& out, std::ostream& errors);

struct ChainStatusOptions {
  ChainAccess access = {};
  std::string registry = {};  ///< address; may be left out when a vault is given
  std::string vault = {};     ///< address; empty: none
  std::string relayer = {};   ///< address whose money pays for anchors; empty: none
  std::string account = {};   ///< address of an account in the vault; empty: none
};
/// Returns the exit status: 0; 64 for options that do not fit; 1 when a node or a contract does not answer.
int run_chain_status(const ChainStatusOptions& options, std::ostream& out, std::ostream& errors);

}  // namespace commonwatt
