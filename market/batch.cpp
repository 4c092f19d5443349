#include "market/batch.hpp"

#include <algorithm>
#include <cassert>

#include "core/sha256.hpp"

namespace commonwatt {

Hash32 record_leaf(LeafKind kind, const Salt16& salt, ByteView encoding, ByteView signature) {
  constexpr std::array<std::uint8_t, 1> leaf_prefix{0x00};
  const std::array<std::uint8_t, 1> kind_byte{static_cast<std::uint8_t>(kind)};
  return sha256({leaf_prefix, salt, kind_byte, encoding, signature});
}

Salt16 statement_salt(const Hash32& batch_salt, const HouseholdId& household) {
  const Hash32 digest = sha256({batch_salt, as_bytes(household.text())});
  Salt16 salt{};
  std::copy_n(digest.begin(), salt.size(), salt.begin());
  return salt;
}

std::vector<Salt16> statement_salts(const Hash32& batch_salt, const std::vector<Statement>& statements) {
  std::vector<Salt16> salts;
  for (const Statement& statement : statements) salts.push_back(statement_salt(batch_salt, statement.household));
  return salts;
}

Hash32 statement_leaf(const Statement& statement, const Salt16& salt) {
  return record_leaf(LeafKind::statement, salt, encode(statement), {});
}

std::vector<Hash32> batch_leaves(const Batch& batch) {
  assert(batch.salts.size() == batch.statements.size());
  std::vector<Hash32> leaves;
  leaves.reserve(1 + batch.order_leaves.size() + batch.reading_leaves.size() + batch.statements.size() +
                 batch.erased.size());
  // The clearing is public: its leaf needs no salt.
  leaves.push_back(record_leaf(LeafKind::clearing, Salt16{}, encode(batch.record), {}));
  leaves.insert(leaves.end(), batch.order_leaves.begin(), batch.order_leaves.end());
  leaves.insert(leaves.end(), batch.reading_leaves.begin(), batch.reading_leaves.end());
  auto erased = batch.erased.begin();
  for (std::size_t i = 0; i < batch.statements.size(); ++i) {
    for (; erased != batch.erased.end() && erased->first < batch.statements[i].household; ++erased)
      leaves.push_back(erased->second);
    leaves.push_back(statement_leaf(batch.statements[i], batch.salts[i]));
  }
  for (; erased != batch.erased.end(); ++erased) leaves.push_back(erased->second);
  return leaves;
}

Hash32 batch_root(const Batch& batch) {
  return merkle_root(batch_leaves(batch));
}

std::optional<std::size_t> statement_index(const Batch& batch, const HouseholdId& household) {
  const auto found = std::find_if(batch.statements.begin(), batch.statements.end(),
                                  [&](const Statement& statement) { return statement.household == household; });
  if (found == batch.statements.end()) return std::nullopt;
  const auto before =
      (found - batch.statements.begin()) + std::distance(batch.erased.begin(), batch.erased.lower_bound(household));
  return 1 + batch.order_leaves.size() + batch.reading_leaves.size() + static_cast<std::size_t>(before);
}

Hash32 log_leaf(const LogEntry& entry) {
  return merkle_leaf(encode(entry));
}

}  // namespace commonwatt
