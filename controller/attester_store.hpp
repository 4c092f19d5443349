// What an attester must not forget: how far it has followed the journal, and every anchor it signed. SQLite on disk.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/anchor.hpp"
#include "controller/attestation.hpp"
#include "controller/state.hpp"

namespace commonwatt {

/// A state and its place in the journal.
struct JournalPlace {
  std::int64_t number = 0;  ///< of the last entry the state is after
  Hash32 tip{};             ///< its chain hash
  State state;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.number, self.tip, self.state);
  }
};

/// Why an anchor is not signed.
enum class SigningFault { signed_another, store };
struct NotSigned {
  SigningFault fault = SigningFault::store;
  std::string text;
};

class AttesterStore {
 public:
  /// Opens or makes attester.sqlite in `directory`. The error says which file and why.
  static Result<std::unique_ptr<AttesterStore>, std::string> open(const std::filesystem::path& directory);
  ~AttesterStore();
  AttesterStore(const AttesterStore&) = delete;
  AttesterStore& operator=(const AttesterStore&) = delete;

  /// The place saved last; the journal's begin when there is none.
  Result<JournalPlace, std::string> restore();
  Result<Done, std::string> save(const JournalPlace& place);

  /// The attestation of an anchor: signed and on disk when it returns; nothing, and nothing changed, when `sign` gives
  /// nothing. Never of two anchors of one epoch: the error then says which was signed before. What could not be written
  /// is as if it had never been asked for.
  Result<std::optional<Attestation>, NotSigned> sign_once(
      const Anchor& anchor, const std::function<std::optional<Bytes>(const Anchor&)>& sign);
  /// The attestations of the epochs after one, rising, at most `count`.
  Result<std::vector<Attestation>, std::string> attestations_after(std::int64_t epoch, std::int64_t count);

 private:
  struct Tables;
  explicit AttesterStore(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

inline constexpr const char* attester_file = "attester.sqlite";

}  // namespace commonwatt
