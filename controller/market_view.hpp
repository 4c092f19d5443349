// The market as the HTTP API shows it (docs/api.md). The thread that owns the state puts pictures in; the server's
// thread answers from them and from its own reading connection to the journal.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/anchoring.hpp"
#include "controller/http_server.hpp"
#include "controller/journal.hpp"

namespace commonwatt {

/// Live powers of a household, for the screen only.
struct LivePower {
  UtcTime time;
  std::optional<std::int64_t> net;
  std::optional<std::int64_t> production;
};

struct AlarmEntry {
  Severity severity = Severity::warning;
  UtcTime time;
  std::string source;
  std::string text;
};

/// How the anchors fare.
struct ShownChain {
  const ChainConfig& config;
  AnchoringStatus status;
};

/// Everything a picture is made from.
struct ViewInput {
  const State& state;
  UtcTime now;
  std::int64_t speed = 1;  ///< market seconds in a real one
  const std::map<HouseholdId, LivePower>& live;
  const std::map<HouseholdId, GatewayStatus>& gateways;
  const std::vector<AlarmEntry>& alarms;
  std::optional<ShownChain> chain = {};  ///< nothing: no anchors are configured
};

class MarketView {
 public:
  /// `journal_directory` is read, by interval, for what is settled.
  explicit MarketView(const std::filesystem::path& journal_directory);
  ~MarketView();
  MarketView(const MarketView&) = delete;
  MarketView& operator=(const MarketView&) = delete;

  /// Called by the state's owner.
  void note_cleared(const ClearingRecord& record, std::int64_t rejected_orders);
  void note_settled(const StoreBatch& store);
  /// The signed (and later witnessed) tip of the log, from which proofs are made.
  void note_checkpoint(const Checkpoint& checkpoint, const Bytes& signature, const std::vector<Hash32>& leaves,
                       const std::string& note);
  void note_witnessed(std::int64_t size);
  /// Takes a new picture and returns the events for the stream: state, households, and intervals that changed.
  std::vector<HttpEvent> picture(const ViewInput& input);

  /// Called by the server's thread.
  HttpResponse answer(const HttpRequest& request);
  std::vector<HttpEvent> on_subscribe();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace commonwatt
