// The books of a community over many settlement runs, and everything that must hold of them after every posting.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "market/interval_settlement.hpp"
#include "market/ledger.hpp"
#include "market/settlement.hpp"

namespace commonwatt::test {

/// What one run says of one interval.
struct RunPosting {
  std::size_t place = 0;  ///< of the interval
  Run run = Run::initial;
  std::vector<Transfer> missing;  ///< what is to be posted
  std::vector<SettledMember> statements;
  Energy open_contracts;  ///< what the interval's contracts buy beyond what they sell; zero unless they do not balance
};

class YearBooks {
 public:
  YearBooks(std::span<const HouseholdId> names, std::size_t intervals);

  /// Appends a run's postings. Before: after them the interval's escrow is empty, its accounts sum to zero, energy
  /// bought is energy sold, each household has paid its statement, and no final run has been. After: the balances of
  /// the ledger sum to zero, escrow is empty, and each household's balance is the sum of its statements in force. The
  /// result is what does not hold, in words.
  std::optional<std::string> post(RunPosting posting);
  /// Whether everything that was ever posted is still as it was: the chain of hashes over all of it.
  [[nodiscard]] std::optional<std::string> check_history() const;
  /// Whether the ledger's balances are those of the postings, added up anew.
  [[nodiscard]] std::optional<std::string> check_balances() const;

  /// The postings of an interval, netted.
  [[nodiscard]] std::vector<Transfer> in_force(std::size_t place) const;
  [[nodiscard]] const std::vector<SettledMember>& statements(std::size_t place) const { return statements_[place]; }
  [[nodiscard]] std::size_t postings() const { return postings_; }

  /// For controls: changes what was posted first, as nobody may.
  void tamper();

 private:
  struct Entry {
    std::size_t place = 0;
    Run run = Run::initial;
    std::vector<Transfer> transfers;
    Hash32 chain{};  ///< SHA-256(the chain before || this entry)
  };
  [[nodiscard]] std::optional<std::string> refuse(const RunPosting& posting) const;
  [[nodiscard]] static Hash32 chained(const Hash32& before, const Entry& entry);
  [[nodiscard]] Account account_of(const Party& party) const;
  void append(const RunPosting& posting);

  std::span<const HouseholdId> names_;
  std::vector<Entry> entries_;
  std::vector<std::vector<std::size_t>> entries_of_;  // by interval
  std::vector<std::vector<SettledMember>> statements_;
  std::vector<bool> is_final_;
  std::vector<Wide> owed_;  // by household: its statements in force
  std::size_t postings_ = 0;
  Ledger ledger_;
};

}  // namespace commonwatt::test
