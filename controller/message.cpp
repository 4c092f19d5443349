#include "controller/message.hpp"

#include <array>

namespace commonwatt {
namespace {

constexpr std::string_view prefix = "cw/v1/";
constexpr std::array up_topics{UpTopic::order, UpTopic::reading, UpTopic::cosignature, UpTopic::request,
                               UpTopic::live,  UpTopic::status,  UpTopic::attestation};

}  // namespace

const char* to_text(UpTopic topic) {
  switch (topic) {
    case UpTopic::order:
      return "order";
    case UpTopic::reading:
      return "reading";
    case UpTopic::cosignature:
      return "cosignature";
    case UpTopic::request:
      return "request";
    case UpTopic::live:
      return "live";
    case UpTopic::status:
      return "status";
    case UpTopic::attestation:
      return "attestation";
  }
  return "";
}

const char* to_text(DownTopic topic) {
  switch (topic) {
    case DownTopic::receipt:
      return "receipt";
    case DownTopic::bill:
      return "bill";
    case DownTopic::checkpoint:
      return "checkpoint";
    case DownTopic::clearing:
      return "clearing";
    case DownTopic::journal:
      return "journal";
    case DownTopic::settlement:
      return "settlement";
    case DownTopic::log:
      return "log";
  }
  return "";
}

std::string up_topic(const HouseholdId& household, UpTopic topic) {
  return std::string(prefix) + household.text() + "/up/" + to_text(topic);
}

std::string down_topic(const HouseholdId& household, DownTopic topic) {
  return std::string(prefix) + household.text() + "/down/" + to_text(topic);
}

std::optional<UpAddress> parse_up_topic(std::string_view topic) {
  if (!topic.starts_with(prefix)) return std::nullopt;
  topic.remove_prefix(prefix.size());
  const std::size_t slash = topic.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::optional<HouseholdId> household = HouseholdId::from(topic.substr(0, slash));
  const std::string_view rest = topic.substr(slash);
  if (!household || !rest.starts_with("/up/")) return std::nullopt;
  for (const UpTopic kind : up_topics) {
    if (rest.substr(4) == to_text(kind)) return UpAddress{.household = *household, .topic = kind};
  }
  return std::nullopt;
}

std::string_view last_level(std::string_view topic) {
  const std::size_t slash = topic.rfind('/');
  return slash == std::string_view::npos ? topic : topic.substr(slash + 1);
}

Bytes receipt_text(const Receipt& receipt) {
  constexpr std::string_view label = "commonwatt-receipt/v1\n";
  Bytes text(label.begin(), label.end());
  const Bytes encoding = encode(receipt);
  text.insert(text.end(), encoding.begin(), encoding.end());
  return text;
}

bool statement_fits(const Statement& statement) {
  const auto within = [](std::int64_t value, std::int64_t bound) { return value <= bound && value >= -bound; };
  // A household's meters together may count more than one order holds, but not by orders of magnitude.
  constexpr std::int64_t energy_bound = order_energy_max.count;
  for (const Energy energy :
       {statement.contract, statement.import, statement.export_, statement.produced.value_or(Energy{0})}) {
    if (!within(energy.count, energy_bound)) return false;
  }
  for (const Price price : {statement.price.value_or(Price{0}), statement.tariff.retail, statement.tariff.feed_in}) {
    if (!within(price.count, price_magnitude_max.count)) return false;
  }
  constexpr std::int64_t money_bound = std::int64_t{1} << 62U;
  constexpr std::int64_t charge_bound = std::int64_t{1} << 59U;
  for (const Money amount :
       {statement.fee_amount, statement.loss_amount, statement.tax_amount, statement.without_market}) {
    if (!within(amount.count, charge_bound)) return false;
  }
  return within(statement.energy_amount.count, money_bound) && within(statement.total.count, money_bound);
}

std::optional<std::string> bill_fault(const Bill& bill, ByteView log_key) {
  const Statement& statement = bill.statement;
  if (!statement_fits(statement)) return "an energy, price or amount is out of range";
  if (statement.contract != Energy{0} && !statement.price) return "the statement has a contract and no price";
  const Money energy_amount = statement.contract * statement.price.value_or(Price{0});
  const Money imbalance = imbalance_amount(statement.deviation(), dual_prices(statement.tariff));
  if (statement.energy_amount != energy_amount || statement.imbalance_amount != imbalance ||
      statement.total !=
          energy_amount + imbalance + statement.fee_amount + statement.loss_amount + statement.tax_amount) {
    return "the amounts do not follow from energy, price and tariff";
  }
  if (bill.leaf_index < 0 || bill.log_index < 0) return "a position in a tree is negative";
  const Hash32 leaf = statement_leaf(statement, bill.salt);
  if (!inclusion_holds(leaf, static_cast<std::uint64_t>(bill.leaf_index), static_cast<std::uint64_t>(bill.leaf_count),
                       bill.batch_path, bill.batch_root)) {
    return "the statement is not in the batch";
  }
  const Hash32 entry = log_leaf({.interval = statement.interval, .run = statement.run, .batch_root = bill.batch_root});
  if (!inclusion_holds(entry, static_cast<std::uint64_t>(bill.log_index),
                       static_cast<std::uint64_t>(bill.checkpoint.size), bill.log_path, bill.checkpoint.root)) {
    return "the batch is not in the evidence log";
  }
  if (!checkpoint_signature_holds(log_key, bill.checkpoint, bill.checkpoint_signature)) {
    return "the checkpoint is not signed by the controller";
  }
  return std::nullopt;
}

}  // namespace commonwatt
