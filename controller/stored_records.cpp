#include "controller/stored_records.hpp"

#include <algorithm>

#include "core/cbor.hpp"

namespace commonwatt {
namespace {

enum class RecordKind : std::uint8_t { event, name, part };

/// Which record a sealed one is: it opens in no other place.
Bytes about(RecordKind kind, std::int64_t number) {
  CborWriter out;
  out.integer(static_cast<std::int64_t>(kind));
  out.integer(number);
  return out.take();
}

struct SealedConfiguration {
  MarketConfigured configured;      ///< without the households' names
  std::vector<SealedRecord> names;  ///< in the same sequence
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.configured, self.names);
  }
};
using StoredEvent = std::variant<Event, SealedRecord, SealedConfiguration>;

struct PlacedPosting {
  std::int64_t place = 0;  ///< among all postings of the batch
  Posting posting;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.place, self.posting);
  }
};

/// What a batch says of one household.
struct Part {
  std::optional<Statement> statement;
  Salt16 salt{};
  std::vector<PlacedPosting> postings;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.statement, self.salt, self.postings);
  }
};
struct StoredPart {
  std::optional<Hash32> leaf;  ///< of its statement
  SealedRecord sealed;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.leaf, self.sealed);
  }
};
struct StoredBatch {
  ClearingRecord record;
  std::vector<Hash32> order_leaves;
  std::vector<Hash32> reading_leaves;
  std::vector<StoredPart> parts;        ///< in order of household
  std::vector<PlacedPosting> postings;  ///< those about no household
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.record, self.order_leaves, self.reading_leaves, self.parts, self.postings);
  }
};

const std::optional<HouseholdId>& household_of(const Posting& posting) {
  return posting.debit.household ? posting.debit.household : posting.credit.household;
}

OpenFault damaged(const std::string& what) {
  return {.key_missing = false, .household = {}, .what = what};
}

Result<Bytes, OpenFault> open_sealed(const SealedRecord& sealed, ByteView which, const DataKeys& keys) {
  const auto key = keys.find(sealed.key);
  if (key == keys.end()) return Fail{missing_key(sealed.household)};
  std::optional<Bytes> text = open_record(key->second, sealed, which);
  if (!text) return Fail{damaged("the sealed data was changed")};
  return std::move(*text);
}

Result<Part, OpenFault> open_part(const StoredPart& stored, std::int64_t log_index, const DataKeys& keys) {
  const Result<Bytes, OpenFault> text = open_sealed(stored.sealed, about(RecordKind::part, log_index), keys);
  if (!text) return Fail{text.error()};
  Result<Part, CborError> part = decode<Part>(*text);
  if (!part) return Fail{damaged(to_text(part.error()))};
  const bool leaf_holds = part->statement ? stored.leaf == statement_leaf(*part->statement, part->salt) &&
                                                stored.sealed.household == part->statement->household
                                          : !stored.leaf;
  if (!leaf_holds) return Fail{damaged("a statement does not make the leaf beside it")};
  return std::move(*part);
}

SealedConfiguration without_names(const MarketConfigured& configured, std::int64_t sequence, const KeyFor& key_for) {
  SealedConfiguration stored{.configured = configured, .names = {}};
  for (HouseholdRecord& household : stored.configured.households) {
    stored.names.push_back(
        seal_record(key_for(household.id), about(RecordKind::name, sequence), as_bytes(household.name)));
    household.name.clear();
  }
  return stored;
}

Result<Event, OpenFault> with_names(SealedConfiguration stored, std::int64_t sequence, const DataKeys& keys) {
  if (stored.names.size() != stored.configured.households.size())
    return Fail{damaged("a configuration has not as many names as households")};
  for (std::size_t i = 0; i < stored.names.size(); ++i) {
    HouseholdRecord& household = stored.configured.households[i];
    const Result<Bytes, OpenFault> name = open_sealed(stored.names[i], about(RecordKind::name, sequence), keys);
    if (!name && name.error().key_missing) continue;
    if (!name) return Fail{name.error()};
    if (!household.name.empty() || stored.names[i].household != household.id)
      return Fail{damaged("a configuration's name is another household's")};
    household.name = as_text(*name);
  }
  return Event{std::move(stored.configured)};
}

}  // namespace

OpenFault missing_key(const std::optional<HouseholdId>& household) {
  const std::string whose = household ? household->text() : "the market";
  return {.key_missing = true,
          .household = household,
          .what = "the data key of " + whose + " is missing and was not erased; restore " + data_key_file +
                  " from its backup"};
}

Bytes store_event(const Event& event, std::int64_t sequence, const KeyFor& key_for) {
  if (const auto* configured = std::get_if<MarketConfigured>(&event))
    return encode(StoredEvent{without_names(*configured, sequence, key_for)});
  std::optional<HouseholdId> household;
  if (const auto* order = std::get_if<OrderReceived>(&event)) household = order->sender;
  if (const auto* reading = std::get_if<ReadingReceived>(&event)) household = reading->sender;
  if (!household && !std::holds_alternative<SettlementDue>(event)) return encode(StoredEvent{event});
  return encode(StoredEvent{seal_record(key_for(household), about(RecordKind::event, sequence), encode(event))});
}

Result<Event, OpenFault> open_event(ByteView stored, std::int64_t sequence, const DataKeys& keys) {
  Result<StoredEvent, CborError> decoded = decode<StoredEvent>(stored);
  if (!decoded) return Fail{damaged(to_text(decoded.error()))};
  if (auto* event = std::get_if<Event>(&*decoded)) return std::move(*event);
  if (auto* configured = std::get_if<SealedConfiguration>(&*decoded))
    return with_names(std::move(*configured), sequence, keys);
  const Result<Bytes, OpenFault> text =
      open_sealed(std::get<SealedRecord>(*decoded), about(RecordKind::event, sequence), keys);
  if (!text) return Fail{text.error()};
  Result<Event, CborError> event = decode<Event>(*text);
  if (!event) return Fail{damaged(to_text(event.error()))};
  return std::move(*event);
}

Bytes store_batch(const StoreBatch& store, const KeyFor& key_for) {
  const Batch& batch = store.batch;
  StoredBatch stored{.record = batch.record,
                     .order_leaves = batch.order_leaves,
                     .reading_leaves = batch.reading_leaves,
                     .parts = {},
                     .postings = {}};
  std::map<HouseholdId, Part> parts;
  for (std::size_t i = 0; i < batch.statements.size(); ++i)
    parts[batch.statements[i].household] = {.statement = batch.statements[i], .salt = batch.salts[i], .postings = {}};
  for (std::size_t i = 0; i < store.postings.size(); ++i) {
    const std::optional<HouseholdId>& household = household_of(store.postings[i]);
    (household ? parts[*household].postings : stored.postings)
        .push_back({.place = static_cast<std::int64_t>(i), .posting = store.postings[i]});
  }
  for (const auto& [household, part] : parts) {
    StoredPart& kept = stored.parts.emplace_back();
    if (part.statement) kept.leaf = statement_leaf(*part.statement, part.salt);
    kept.sealed = seal_record(key_for(household), about(RecordKind::part, store.log_index), encode(part));
  }
  return encode(stored);
}

Result<StoreBatch, OpenFault> open_batch(ByteView stored, std::int64_t log_index, const DataKeys& keys) {
  Result<StoredBatch, CborError> decoded = decode<StoredBatch>(stored);
  if (!decoded) return Fail{damaged(to_text(decoded.error()))};
  StoreBatch store{.log_index = log_index, .entry = {}, .batch = {}, .postings = {}};
  store.batch.record = std::move(decoded->record);
  store.batch.order_leaves = std::move(decoded->order_leaves);
  store.batch.reading_leaves = std::move(decoded->reading_leaves);
  std::vector<PlacedPosting> placed = std::move(decoded->postings);
  for (const StoredPart& kept : decoded->parts) {
    Result<Part, OpenFault> part = open_part(kept, log_index, keys);
    if (part) {
      if (part->statement) {
        store.batch.statements.push_back(*part->statement);
        store.batch.salts.push_back(part->salt);
      }
      placed.insert(placed.end(), part->postings.begin(), part->postings.end());
    } else if (!part.error().key_missing || !kept.sealed.household) {
      return Fail{part.error()};
    } else if (kept.leaf) {
      store.batch.erased[*kept.sealed.household] = *kept.leaf;
    }
  }
  std::sort(placed.begin(), placed.end(),
            [](const PlacedPosting& a, const PlacedPosting& b) { return a.place < b.place; });
  for (const PlacedPosting& posting : placed) store.postings.push_back(posting.posting);
  const ClearingRecord& record = store.batch.record;
  store.entry = {.interval = record.interval, .run = record.run, .batch_root = batch_root(store.batch)};
  return store;
}

std::vector<Posting> postings_under(ByteView stored, std::int64_t log_index, const DataKeys& keys,
                                    const std::function<bool(const DataKey&)>& goes) {
  std::vector<Posting> postings;
  const Result<StoredBatch, CborError> decoded = decode<StoredBatch>(stored);
  if (!decoded) return postings;
  for (const StoredPart& kept : decoded->parts) {
    const auto key = keys.find(kept.sealed.key);
    if (key == keys.end() || !goes(key->second)) continue;
    const Result<Part, OpenFault> part = open_part(kept, log_index, keys);
    if (!part) continue;
    for (const PlacedPosting& placed : part->postings) postings.push_back(placed.posting);
  }
  return postings;
}

Bytes store_state(ByteView state, const Hash32& entry_hash, const DataKey& key) {
  return encode(seal_record(key, entry_hash, state));
}

std::optional<Bytes> open_state(ByteView stored, const Hash32& entry_hash, const DataKeys& keys) {
  const Result<SealedRecord, CborError> sealed = decode<SealedRecord>(stored);
  if (!sealed) return std::nullopt;
  const auto key = keys.find(sealed->key);
  return key == keys.end() ? std::nullopt : open_record(key->second, *sealed, entry_hash);
}

}  // namespace commonwatt
