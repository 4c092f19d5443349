// What a gateway must not forget: the outbox of signed orders and readings until the controller's signed receipt is in,
// the receipts, its bills, its contracts, and how far it has cosigned the log. SQLite on disk; what need not be there
// at once waits for the next write, because every fsync wears an SD card.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "controller/message.hpp"
#include "controller/meter_memory.hpp"

namespace commonwatt {

struct OutboxItem {
  Subject subject = Subject::order;
  Hash32 id{};
  std::int64_t interval_begin = 0;  ///< the order's interval; of a reading, the boundary itself
  Bytes payload;                    ///< as it is sent
};

/// What an interval's clearing gave the household.
struct Contract {
  Energy net;  ///< bought positive
  std::optional<Price> price;
  IntervalTerms terms;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.net, self.price, self.terms);
  }
};

/// The log's state a witness has cosigned last.
struct Witnessed {
  std::int64_t size = 0;
  Hash32 root{};
  Bytes signature;  ///< the controller's over it: with it, another state of that log is evidence
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.size, self.root, self.signature);
  }
};

class GatewayStore {
 public:
  static Result<std::unique_ptr<GatewayStore>, std::string> open(const std::filesystem::path& directory);
  ~GatewayStore();
  GatewayStore(const GatewayStore&) = delete;
  GatewayStore& operator=(const GatewayStore&) = delete;

  /// Puts items into the outbox; on disk, with everything kept so far, when it returns.
  Result<Done, std::string> add(const std::vector<OutboxItem>& items);
  /// Notes the log's state before it is cosigned; on disk when it returns.
  Result<Done, std::string> save_witnessed(const Witnessed& witnessed);
  /// Keeps in memory until the next write.
  void keep_receipt(const Hash32& item, const SignedReceipt& receipt);
  void keep_contract(const Interval& interval, const Contract& contract);
  void keep_bill(const Bill& bill);
  void keep_meters(std::vector<MeterMemory> meters);
  /// Writes what was kept; does nothing when there is nothing.
  Result<Done, std::string> flush();

  /// Items without a receipt, oldest first.
  [[nodiscard]] const std::map<std::int64_t, OutboxItem>& pending() const;
  [[nodiscard]] std::optional<Contract> contract(const Interval& interval);
  /// Whether there is a bill of an interval, of whichever run, or of a place in the evidence log.
  [[nodiscard]] bool has_bill(const Interval& interval);
  [[nodiscard]] bool has_bill_at(std::int64_t log_index);
  /// The place of its first bill in the evidence log; nothing when none is on disk.
  [[nodiscard]] std::optional<std::int64_t> first_log_index();
  [[nodiscard]] Witnessed witnessed() const;
  /// What an earlier run stored of the meters.
  [[nodiscard]] std::vector<MeterMemory> meters() const;
  /// The orders made for an interval, and the reading made for a boundary of a meter.
  [[nodiscard]] std::vector<Order> orders(const Interval& interval);
  [[nodiscard]] std::optional<Reading> reading(const MeterId& meter, UtcTime boundary);
  [[nodiscard]] std::int64_t last_order_sequence() const;
  [[nodiscard]] std::int64_t last_reading_sequence(const MeterId& meter) const;
  /// Begin of the earliest interval that an order, a contract or a bill tells of; nothing when none does.
  [[nodiscard]] std::optional<std::int64_t> first_interval();

 private:
  struct Tables;
  explicit GatewayStore(std::unique_ptr<Tables> tables);
  std::unique_ptr<Tables> tables_;
};

inline constexpr const char* gateway_file = "gateway.sqlite";

/// A household's bills of all runs in the sequence they were sealed in, read without writing.
Result<std::vector<Bill>, std::string> read_bills(const std::filesystem::path& file);
/// The receipts a household holds: item id and receipt.
Result<std::vector<SignedReceipt>, std::string> read_receipts(const std::filesystem::path& file);

}  // namespace commonwatt
