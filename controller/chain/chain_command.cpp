#include "controller/chain/chain_command.hpp"

#include "controller/chain/token_amount.hpp"
#include "controller/command_output.hpp"

namespace commonwatt {
namespace {

using nlohmann::ordered_json;

/// What the options ask about, checked.
struct Questions {
  std::optional<Address> registry;
  std::optional<Address> vault;
  std::optional<Address> relayer;
  std::optional<Address> account;
};

struct Answers {
  std::int64_t chain_id = 0;
  std::int64_t block = 0;
  Address registry_address;
  RegistryState registry;
  std::optional<AnchoredEvent> newest;
  std::optional<VaultState> vault;
  std::optional<Uint256> relayer;  // wei
  std::optional<VaultAccount> account;
};

Result<Questions, std::string> questions_of(const ChainStatusOptions& options) {
  Questions asked;
  for (const auto& [option, text, target] :
       {std::tuple("--registry", &options.registry, &asked.registry),
        std::tuple("--vault", &options.vault, &asked.vault), std::tuple("--relayer", &options.relayer, &asked.relayer),
        std::tuple("--account", &options.account, &asked.account)}) {
    if (text->empty()) continue;
    const Result<Address, std::string> address = address_option(option, *text);
    if (!address) return Fail{address.error()};
    *target = *address;
  }
  if (!asked.registry && !asked.vault) return Fail{std::string("--registry or --vault is needed: what to look at")};
  if (asked.account && !asked.vault) return Fail{std::string("--account is of a vault: give --vault, too")};
  return asked;
}

Result<Answers, std::string> answers_to(const Questions& asked, ContractViews& views, std::int64_t first_block) {
  Answers said;
  said.chain_id = views.chain_id();
  said.block = views.block().number;
  if (asked.vault) {
    const Result<VaultState, std::string> vault = views.vault(*asked.vault);
    if (!vault) return Fail{vault.error()};
    said.vault = *vault;
    if (asked.registry && *asked.registry != vault->registry) {
      return Fail{"--registry " + to_text(*asked.registry) + " is not the vault's, which is " +
                  to_text(vault->registry)};
    }
  }
  said.registry_address = asked.vault ? said.vault->registry : *asked.registry;
  const Result<RegistryState, std::string> registry = views.registry(said.registry_address);
  if (!registry) return Fail{registry.error()};
  said.registry = *registry;
  if (registry->epoch > 0) {
    const auto newest = views.anchored(said.registry_address, registry->epoch, first_block);
    if (!newest) return Fail{newest.error()};
    said.newest = *newest;
  }
  if (asked.relayer) {
    const Result<Uint256, std::string> money = views.balance(*asked.relayer);
    if (!money) return Fail{money.error()};
    said.relayer = *money;
  }
  if (asked.account) {
    const Result<VaultAccount, std::string> account = views.account(*asked.vault, *asked.account);
    if (!account) return Fail{account.error()};
    said.account = *account;
  }
  return said;
}

/// Amounts are exact decimals in texts: a JSON number would pass a double in most readers.
ordered_json json_of(const Answers& said) {
  ordered_json json{{"chain_id", said.chain_id},
                    {"block", said.block},
                    {"registry", to_text(said.registry_address)},
                    {"community", to_data(said.registry.community)},
                    {"epoch", said.registry.epoch},
                    {"final_epoch", said.registry.final_epoch},
                    {"pending", said.registry.epoch - said.registry.final_epoch},
                    {"paused", said.registry.is_paused},
                    {"vetoed", said.registry.is_vetoed},
                    {"quorum", said.registry.quorum},
                    {"veto_seconds", said.registry.veto_window}};
  if (said.newest) {
    json["newest"] = {{"head", to_data(said.newest->head)},
                      {"block", said.newest->block_number},
                      {"transaction", to_data(said.newest->transaction)}};
  }
  if (said.vault) {
    const int decimals = said.vault->currency.decimals;
    json["vault"] = {{"currency", to_text(said.vault->currency.address)},
                     {"symbol", said.vault->currency.symbol},
                     {"holdings", token_amount_text(Int256(said.vault->holdings), decimals)},
                     {"outflow_cap", token_amount_text(Int256(said.vault->outflow_cap), decimals)},
                     {"outflow_left", token_amount_text(Int256(said.vault->outflow_left), decimals)}};
    if (said.account) {
      const VaultAccount& account = *said.account;
      json["account"] = {{"collateral", token_amount_text(Int256(account.collateral), decimals)},
                         {"net_nano", account.net.str()},
                         {"paid", token_amount_text(Int256(account.paid), decimals)},
                         {"epoch", account.epoch},
                         {"exit_amount", token_amount_text(Int256(account.exit_amount), decimals)},
                         {"exit_epoch", account.exit_epoch}};
    }
  }
  if (said.relayer) json["relayer_wei"] = said.relayer->str();
  return json;
}

/// What stops the registry, and what to do about it.
std::string stopped_text(const RegistryState& registry) {
  std::string text;
  if (registry.is_paused) {
    text += "  PAUSED: nothing is anchored or paid. Find out why; its owner's 'commonwatt chain unpause' resumes it\n";
  }
  if (registry.is_vetoed) {
    text += "  VETOED from epoch " + std::to_string(registry.epoch + 1) +
            " on: nothing is anchored. Find out why; anybody's 'commonwatt chain rewind' lets it go on\n";
  }
  return text;
}

void print(const Answers& said, std::ostream& out) {
  const RegistryState& registry = said.registry;
  out << "chain " << said.chain_id << ", block " << said.block << "\nregistry " << to_text(said.registry_address)
      << "\n"
      << stopped_text(registry) << "  epoch " << registry.epoch << ", final " << registry.final_epoch << ", "
      << registry.epoch - registry.final_epoch << " may still be vetoed (" << registry.veto_window << " s); quorum "
      << registry.quorum << "\n";
  if (said.newest) {
    out << "  newest anchor " << to_data(said.newest->head) << "\n  in block " << said.newest->block_number
        << ", transaction " << to_data(said.newest->transaction) << "\n";
  }
  if (said.vault) {
    const VaultState& vault = *said.vault;
    const auto amount = [&vault](const Int256& count) {
      return token_amount_text(count, vault.currency.decimals) + " " + vault.currency.symbol;
    };
    out << "vault holds " << amount(Int256(vault.holdings)) << "; " << amount(Int256(vault.outflow_left)) << " of "
        << amount(Int256(vault.outflow_cap)) << " may still leave while epoch " << registry.final_epoch
        << " is the newest final one\n";
    if (said.account) {
      const VaultAccount& account = *said.account;
      out << "account: collateral " << amount(Int256(account.collateral)) << ", net " << account.net
          << " nano as of epoch " << account.epoch << ", paid out " << amount(Int256(account.paid)) << "\n";
      if (account.exit_amount > 0) {
        out << "  wants " << amount(Int256(account.exit_amount)) << " back; can be paid when epoch "
            << account.exit_epoch + 2 << " is final\n";
      }
    }
  }
  if (said.relayer) out << "relayer has " << ether_cost_text(*said.relayer) << "\n";
}

Result<Address, std::string> make_in_file(EvmKeyKind kind, const std::string& file) {
  const EvmKey key = EvmKey::make();
  if (const auto saved = key.save(kind, file); !saved) return Fail{saved.error()};
  return key.address();
}

Result<Address, std::string> make_in_token(const std::string& text) {
  const Result<Pkcs11Uri, std::string> uri = parse_pkcs11_uri(text);
  if (!uri) return Fail{uri.error()};
  const Result<Pkcs11Key, std::string> key = Pkcs11Key::make(*uri);
  if (!key) return Fail{key.error()};
  return key->address();
}

}  // namespace

int run_chain_key(const ChainKeyOptions& options, std::ostream& out, std::ostream& errors) {
  if (options.show != options.kind.empty())
    return complain(errors, "give --kind for a new key, or --show for one that exists", status_usage);
  if (options.show) {
    const Result<EvmSigner, std::string> signer = EvmSigner::open_any(options.file);
    if (!signer) return complain(errors, signer.error(), status_data);
    out << to_text(signer->address()) << "\n";
    return 0;
  }
  const std::optional<EvmKeyKind> kind = evm_key_kind_from_text(options.kind);
  if (!kind || *kind == EvmKeyKind::order) {
    return complain(errors,
                    "--kind '" + options.kind +
                        "' is not relayer, attester, guardian or owner; a household's key is its order.key, which "
                        "'commonwatt keys make' makes",
                    status_usage);
  }
  const Result<Address, std::string> address =
      is_pkcs11_uri(options.file) ? make_in_token(options.file) : make_in_file(*kind, options.file);
  if (!address) return complain(errors, address.error(), status_data);
  out << to_text(*address) << "\n";
  return 0;
}

int run_chain_status(const ChainStatusOptions& options, std::ostream& out, std::ostream& errors) {
  const Result<Questions, std::string> asked = questions_of(options);
  if (!asked) return complain(errors, asked.error(), status_usage);
  Result<RpcPool, std::string> pool = open_pool(options.access.rpc);
  if (!pool) return complain(errors, pool.error(), status_usage);
  Result<ContractViews, std::string> views = ContractViews::open(pool.value());
  if (!views) return complain(errors, views.error(), 1);
  const Result<Answers, std::string> said = answers_to(*asked, views.value(), options.access.first_block);
  if (!said) return complain(errors, said.error(), 1);
  if (options.access.is_json) {
    out << json_of(*said).dump() << "\n";
  } else {
    print(*said, out);
  }
  return 0;
}

}  // namespace commonwatt
