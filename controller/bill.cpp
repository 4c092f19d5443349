#include "controller/bill.hpp"

#include <algorithm>

namespace commonwatt {
namespace {

void add(std::string& json, const char* key, const std::string& value) {
  json += (json.size() > 1 ? ",\"" : "\"") + std::string(key) + "\":" + value;
}

std::string quoted(const std::string& text) {
  return "\"" + text + "\"";
}

std::string number(std::int64_t value) {
  return std::to_string(value);
}

constexpr std::string_view proof_key = "\"proof\":\"";

}  // namespace

BatchBills::BatchBills(const StoreBatch& store, const SignedLog& log)
    : store_(store), log_(log), is_signed_(store.log_index < log.checkpoint.size), tree_(batch_leaves(store.batch)) {
  if (!is_signed_) return;
  log_path_ = inclusion_path(log.leaves.first(static_cast<std::size_t>(log.checkpoint.size)),
                             static_cast<std::size_t>(store.log_index));
}

std::optional<Bill> BatchBills::of(const HouseholdId& household) const {
  const std::optional<std::size_t> index = statement_index(store_.batch, household);
  if (!index || !is_signed_) return std::nullopt;
  const std::vector<Statement>& statements = store_.batch.statements;
  const auto own = std::find_if(statements.begin(), statements.end(),
                                [&](const Statement& statement) { return statement.household == household; });
  return Bill{.statement = *own,
              .salt = store_.batch.salts[static_cast<std::size_t>(own - statements.begin())],
              .leaf_index = static_cast<std::int64_t>(*index),
              .leaf_count = static_cast<std::int64_t>(tree_.size()),
              .batch_path = tree_.inclusion_path(*index),
              .batch_root = store_.entry.batch_root,
              .log_index = store_.log_index,
              .log_path = log_path_,
              .checkpoint = log_.checkpoint,
              .checkpoint_signature = log_.signature};
}

std::optional<Bill> make_bill(const StoreBatch& store, const HouseholdId& household, const SignedLog& log) {
  return BatchBills(store, log).of(household);
}

std::string bill_line(const Bill& bill) {
  const Statement& statement = bill.statement;
  std::string json = "{";
  add(json, "household", quoted(statement.household.text()));
  add(json, "interval", quoted(to_text(statement.interval.begin())));
  add(json, "run", quoted(to_text(statement.run)));
  add(json, "contract_wh", number(statement.contract.count));
  add(json, "import_wh", number(statement.import.count));
  add(json, "export_wh", number(statement.export_.count));
  add(json, "produced_wh", statement.produced ? number(statement.produced->count) : "null");
  add(json, "used_wh", number(statement.used().count));
  add(json, "deviation_wh", number(statement.deviation().count));
  add(json, "quality", quoted(to_text(statement.quality)));
  add(json, "price", statement.price ? number(statement.price->count) : "null");
  add(json, "retail_price", number(statement.tariff.retail.count));
  add(json, "feed_in_price", number(statement.tariff.feed_in.count));
  add(json, "energy_amount", number(statement.energy_amount.count));
  add(json, "imbalance_amount", number(statement.imbalance_amount.count));
  add(json, "fee_amount", number(statement.fee_amount.count));
  add(json, "loss_amount", number(statement.loss_amount.count));
  add(json, "tax_amount", number(statement.tax_amount.count));
  add(json, "total", number(statement.total.count));
  add(json, "saved", number(statement.saved().count));
  add(json, "proof", quoted(to_base64(encode(bill))));
  return json + "}";
}

std::optional<Bill> bill_from_line(std::string_view line) {
  const std::size_t key = line.rfind(proof_key);
  if (key == std::string_view::npos || !line.ends_with("\"}")) return std::nullopt;
  const std::size_t begin = key + proof_key.size();
  if (begin + 2 > line.size()) return std::nullopt;
  const std::optional<Bytes> bytes = from_base64(line.substr(begin, line.size() - 2 - begin));
  if (!bytes) return std::nullopt;
  Result<Bill, CborError> bill = decode<Bill>(*bytes);
  if (!bill) return std::nullopt;
  if (!statement_fits(bill->statement)) return std::nullopt;
  if (bill_line(*bill) != line) return std::nullopt;
  return *bill;
}

}  // namespace commonwatt
