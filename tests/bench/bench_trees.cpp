// bench-trees: what the two trees cost beside the hashes they are made of, in processor time. The bare loops call the
// same libraries with a kept context, as often and with as many bytes, and do nothing else. docs/benchmarks.md says
// more.
#include <cstdio>
#include <iostream>
#include <memory>

#include <CLI/CLI.hpp>
#include <cryptopp/keccak.h>
#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include "controller/settlement_tree.hpp"
#include "market/merkle.hpp"
#include "tests/bench/measure.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t entry_size = 100;  // of a log entry or statement, about
constexpr std::size_t node_size = 65;    // prefix and two hashes

struct Figures {
  std::vector<double> bare;
  std::vector<double> tree;  ///< leaves hashed, tree built, one proof cut
  std::size_t hashes = 0;
  [[nodiscard]] double ratio() const { return median(tree) / median(bare); }
};

/// SHA-256 of OpenSSL with nothing around it.
class BareSha {
 public:
  void operator()(const std::uint8_t* bytes, std::size_t size) {
    if (EVP_DigestInit_ex(state_.get(), algorithm_.get(), nullptr) != 1 ||
        EVP_DigestUpdate(state_.get(), bytes, size) != 1 ||
        EVP_DigestFinal_ex(state_.get(), digest_.data(), nullptr) != 1) {
      std::abort();
    }
    sum_ += digest_[0];
  }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

 private:
  std::unique_ptr<EVP_MD, decltype(&EVP_MD_free)> algorithm_{EVP_MD_fetch(nullptr, "SHA256", nullptr), EVP_MD_free};
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> state_{EVP_MD_CTX_new(), EVP_MD_CTX_free};
  Hash32 digest_{};
  std::uint64_t sum_ = 0;
};

/// Keccak-256 of Crypto++ with nothing around it.
class BareKeccak {
 public:
  void operator()(const std::uint8_t* bytes, std::size_t size) {
    state_.Update(bytes, size);
    state_.TruncatedFinal(digest_.data(), digest_.size());
    sum_ += digest_[0];
  }
  [[nodiscard]] std::uint64_t sum() const { return sum_; }

 private:
  CryptoPP::Keccak_256 state_;
  Hash32 digest_{};
  std::uint64_t sum_ = 0;
};

/// Stops the benchmark: what is measured must be right.
void must(bool ok, const char* what) {
  if (ok) return;
  std::cerr << "bench-trees: " << what << "\n";
  std::exit(1);
}

Figures measure_log_tree(std::size_t leaves, int rounds) {
  Figures figures;
  figures.hashes = 2 * leaves - 1;
  Random random(1);
  Bytes entries(leaves * entry_size);
  for (std::uint8_t& byte : entries) byte = static_cast<std::uint8_t>(random());
  const auto entry = [&entries](std::size_t i) { return ByteView(entries).subspan(i * entry_size, entry_size); };
  std::uint64_t sum = 0;
  for (int round = 0; round < rounds; ++round) {
    figures.bare.push_back(cpu_seconds_of([&] {
      BareSha sha;
      for (std::size_t i = 0; i < leaves; ++i) sha(entry(i).data(), entry_size);
      for (std::size_t i = 0; i + 1 < leaves; ++i) sha(entry(i).data(), node_size);
      sum += sha.sum();
    }));
    const std::size_t index = static_cast<std::size_t>(random()) % leaves;
    std::vector<Hash32> path;
    Hash32 root{};
    figures.tree.push_back(cpu_seconds_of([&] {
      std::vector<Hash32> hashes;
      hashes.reserve(leaves);
      for (std::size_t i = 0; i < leaves; ++i) hashes.push_back(merkle_leaf(entry(i)));
      const MerkleTree tree(std::move(hashes));
      root = tree.root();
      path = tree.inclusion_path(index);
    }));
    must(inclusion_holds(merkle_leaf(entry(index)), index, leaves, path, root), "a proof of the log does not hold");
  }
  must(sum > 0, "the bare loop hashed nothing");
  return figures;
}

Figures measure_settlement_tree(std::size_t leaves, int rounds) {
  Figures figures;
  figures.hashes = 3 * leaves - 1;
  Random random(2);
  std::vector<SettlementLeaf> accounts(leaves);
  for (SettlementLeaf& leaf : accounts) {
    leaf.community.fill(0x11);
    for (std::uint8_t& byte : leaf.account) byte = static_cast<std::uint8_t>(random());
    leaf.cumulative_net = Money{random.between(-1'000'000'000'000, 1'000'000'000'000)};
  }
  Bytes words(leaves * 96);
  for (std::uint8_t& byte : words) byte = static_cast<std::uint8_t>(random());
  std::uint64_t sum = 0;
  for (int round = 0; round < rounds; ++round) {
    figures.bare.push_back(cpu_seconds_of([&] {
      BareKeccak keccak;
      for (std::size_t i = 0; i < leaves; ++i) {
        keccak(words.data() + 96 * i, 96);
        keccak(words.data() + 96 * i, 32);
      }
      for (std::size_t i = 0; i + 1 < leaves; ++i) keccak(words.data() + 96 * i, 64);
      sum += keccak.sum();
    }));
    const std::size_t index = static_cast<std::size_t>(random()) % leaves;
    std::vector<Hash32> proof;
    Hash32 root{};
    figures.tree.push_back(cpu_seconds_of([&] {
      const SettlementTree tree(accounts);
      root = tree.root();
      proof = tree.proof(settlement_leaf_hash(accounts[index])).value();
    }));
    must(settlement_proof_holds(settlement_leaf_hash(accounts[index]), proof, root),
         "a proof of the settlement does not hold");
  }
  must(sum > 0, "the bare loop hashed nothing");
  return figures;
}

int run(int argc, char** argv) {
  CLI::App app("What the trees cost beside the hashes they are made of", "bench-trees");
  bool json = false;
  bool quick = false;
  std::size_t leaves = 1'000'000;
  int rounds = 7;
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--quick", quick, "small trees, to see that the benchmark works");
  app.add_option("--leaves", leaves, "of each tree")->check(CLI::Range(1, 100'000'000))->capture_default_str();
  app.add_option("--rounds", rounds, "of which the median counts")->check(CLI::Range(1, 1000))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  if (quick) leaves = 10'000;
  Json report{{"leaves", leaves}, {"rounds", rounds}};
  if (!json) std::puts("tree                   hashes   bare s   tree s   tree/bare   ns/hash");
  for (const auto& [name, measure] :
       {std::pair("RFC 6962, SHA-256", &measure_log_tree), std::pair("settlement, Keccak", &measure_settlement_tree)}) {
    const Figures figures = measure(leaves, rounds);
    const double per_hash = median(figures.bare) * 1e9 / static_cast<double>(figures.hashes);
    report["trees"].push_back({{"tree", name},
                               {"hashes", figures.hashes},
                               {"bare_s", median(figures.bare)},
                               {"tree_s", median(figures.tree)},
                               {"tree_per_bare", figures.ratio()},
                               {"bare_ns_per_hash", per_hash}});
    if (!json) {
      std::printf("%-19s  %8zu  %7.3f  %7.3f  %10.2f  %8.0f\n", name, figures.hashes, median(figures.bare),
                  median(figures.tree), figures.ratio(), per_hash);
      std::fflush(stdout);
    }
  }
  if (json) std::cout << report.dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
