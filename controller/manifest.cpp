#include "controller/manifest.hpp"

#include <fstream>
#include <limits>
#include <map>
#include <sstream>

#include "controller/journal_reader.hpp"
#include "controller/sqlite.hpp"
#include "core/cbor.hpp"
#include "core/sha256.hpp"

namespace commonwatt {
namespace {

constexpr const char* header = "commonwatt-manifest/v1";
constexpr std::size_t page_size = 4096;
constexpr std::int64_t no_interval = -1;

/// Which intervals the rows of each table are about, by row id.
std::map<std::string, std::map<std::int64_t, std::int64_t>> row_intervals(const JournalContent& content) {
  std::map<std::string, std::map<std::int64_t, std::int64_t>> rows;
  std::int64_t seconds = 900;
  for (const JournalEntry& entry : content.entries) {
    const Result<Event, OpenFault> event = open_event(entry.event, entry.sequence, content.keys);
    if (!event) {  // What it was about may be erased; when it came is known.
      rows["journal"][entry.sequence] = Interval::containing(entry.time, seconds).begin_seconds();
      continue;
    }
    if (const auto* configured = std::get_if<MarketConfigured>(&*event)) seconds = configured->rules.interval_seconds;
    rows["journal"][entry.sequence] = interval_of_event(*event, entry.time, seconds);
  }
  for (const JournalContent::StoredBatch& batch : content.batches)
    rows["batch"][batch.log_index] = batch.interval_begin;
  for (const StorePayment& store : content.payments)
    rows["payment"][store.number] = Interval::containing(store.payment.time, seconds).begin_seconds();
  for (const JournalContent::StoredEpoch& epoch : content.epochs) {
    const Result<Anchor, CborError> anchor = decode<Anchor>(epoch.anchor);
    const auto batch = static_cast<std::size_t>(anchor ? anchor->log_size - 1 : -1);
    if (batch >= content.batches.size()) continue;
    rows["anchor"][epoch.epoch] = rows["anchor_leaves"][epoch.epoch] = content.batches[batch].interval_begin;
  }
  for (const JournalContent::StoredSnapshot& snapshot : content.snapshots)
    rows["snapshot"][snapshot.sequence] = rows["journal"][snapshot.sequence];
  return rows;
}

std::uint64_t read_varint(ByteView page, std::size_t& at) {
  std::uint64_t value = 0;
  for (int i = 0; i < 9 && at < page.size(); ++i) {
    const std::uint8_t byte = page[at++];
    value = i == 8 ? value << 8U | byte : value << 7U | (byte & 0x7FU);
    if (i == 8 || byte < 0x80U) break;
  }
  return value;
}

/// The row id of a cell of a table leaf page (SQLite file format, section 1.6); nothing when there is no such cell.
std::optional<std::int64_t> row_of_cell(ByteView page, std::size_t cell) {
  constexpr std::uint8_t table_leaf = 0x0D;
  constexpr std::size_t cell_pointers = 8;
  if (page.size() != page_size || page[0] != table_leaf) return std::nullopt;
  const std::size_t cells = static_cast<std::size_t>(page[3]) << 8U | page[4];
  if (cell >= cells) return std::nullopt;
  const std::size_t pointer = cell_pointers + 2 * cell;
  std::size_t at = static_cast<std::size_t>(page[pointer]) << 8U | page[pointer + 1];
  read_varint(page, at);  // The payload's size.
  return static_cast<std::int64_t>(read_varint(page, at));
}

Bytes read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  const std::string text = content.str();
  return {text.begin(), text.end()};
}

ByteView page_at(const Bytes& bytes, std::int64_t page) {
  const std::size_t begin = static_cast<std::size_t>(page - 1) * page_size;
  if (begin >= bytes.size()) return {};
  return ByteView(bytes).subspan(begin, std::min(page_size, bytes.size() - begin));
}

/// The first interval each page of the file tells of.
std::map<std::int64_t, std::int64_t> page_intervals(const std::filesystem::path& file, const Bytes& bytes,
                                                    const JournalContent& content) {
  const auto rows = row_intervals(content);
  SqliteDatabase database(file, OpenMode::read_only, "");
  SqlStatement pages = database.prepare("SELECT name, path, pageno FROM dbstat ORDER BY path");
  std::map<std::pair<std::string, std::string>, std::int64_t> leaves;  // table and path of a page, to its number
  std::map<std::int64_t, std::int64_t> intervals;
  while (pages.row()) {
    const std::string name = pages.text(0);
    std::string path = pages.text(1);
    std::int64_t page = pages.integer(2);
    const std::int64_t number = page;
    std::size_t cell = 0;
    const std::size_t overflow = path.find('+');
    if (overflow == std::string::npos) {
      leaves[{name, path}] = page;
    } else {
      // ".../CELL+n" is the n-th overflow page of that cell of the page ".../".
      const std::size_t slash = path.rfind('/', overflow);
      cell = std::stoul(path.substr(slash + 1, overflow - slash - 1), nullptr, 16);
      const auto leaf = leaves.find({name, path.substr(0, slash + 1)});
      if (leaf == leaves.end()) continue;
      page = leaf->second;
    }
    const std::optional<std::int64_t> row = row_of_cell(page_at(bytes, page), cell);
    const auto table = rows.find(name);
    if (!row || table == rows.end() || !table->second.contains(*row)) continue;
    intervals[number] = table->second.at(*row);
  }
  return intervals;
}

struct PageLine {
  std::int64_t page = 0;
  Hash32 hash{};
  std::int64_t interval = no_interval;
};

std::string line_text(const PageLine& line) {
  return std::to_string(line.page) + " " + to_hex(line.hash) + " " + std::to_string(line.interval) + "\n";
}

}  // namespace

std::int64_t interval_of_event(const Event& event, UtcTime time, std::int64_t interval_seconds) {
  struct Visitor {
    UtcTime time;
    std::int64_t seconds = 0;
    std::int64_t operator()(const OrderReceived& received) const {
      return received.order.order.interval.begin_seconds();
    }
    std::int64_t operator()(const ReadingReceived& received) const {
      // Held readings are journalled too, and may bear the earliest time there is.
      const UtcTime reading = received.reading.reading.time;
      if (reading.nanoseconds == std::numeric_limits<std::int64_t>::min()) return at_time();
      return Interval::containing(reading - Duration{1}, seconds).begin_seconds();
    }
    std::int64_t operator()(const GateClosed& closed) const { return closed.interval.begin_seconds(); }
    std::int64_t operator()(const SettlementDue& due) const { return due.interval.begin_seconds(); }
    std::int64_t operator()(const MarketConfigured&) const { return at_time(); }
    std::int64_t operator()(const CheckpointSigned&) const { return at_time(); }
    std::int64_t operator()(const CosignatureReceived&) const { return at_time(); }
    std::int64_t operator()(const PaymentBooked&) const { return at_time(); }
    std::int64_t operator()(const CollateralKnown&) const { return at_time(); }
    std::int64_t operator()(const DataErased&) const { return at_time(); }
    [[nodiscard]] std::int64_t at_time() const { return Interval::containing(time, seconds).begin_seconds(); }
  };
  return std::visit(Visitor{time, interval_seconds}, event);
}

Result<Done, std::string> seal_journal(const std::filesystem::path& directory, const SigningKey& log_key) {
  const std::filesystem::path file = directory / journal_file;
  try {
    // Leaving WAL mode folds the write-ahead log in and removes it: the journal is one file that auditors open
    // read-only.
    SqliteDatabase(file, OpenMode::read_write, "").execute("PRAGMA journal_mode=DELETE");
    const Result<JournalContent, std::string> content = read_journal(file);
    if (!content) return Fail{content.error()};
    const Bytes bytes = read_file(file);
    const std::map<std::int64_t, std::int64_t> intervals = page_intervals(file, bytes, *content);
    const std::int64_t first = intervals.empty() ? no_interval : intervals.begin()->second;
    std::string text =
        std::string(header) + "\n" + to_hex(log_key.public_key()) + " " + std::to_string(bytes.size()) + "\n";
    const auto pages = static_cast<std::int64_t>((bytes.size() + page_size - 1) / page_size);
    for (std::int64_t page = 1; page <= pages; ++page) {
      const auto interval = intervals.find(page);
      // Pages without rows hold up the whole file: they count as its first interval.
      text += line_text({.page = page,
                         .hash = sha256(page_at(bytes, page)),
                         .interval = interval == intervals.end() ? first : interval->second});
    }
    text += to_base64(log_key.sign_message(as_bytes(text))) + "\n";
    std::ofstream out(directory / manifest_file, std::ios::binary | std::ios::trunc);
    out << text;
    out.close();
    if (!out) return Fail{(directory / manifest_file).string() + ": cannot be written"};
    return Done{};
  } catch (const std::exception& error) {
    return Fail{file.string() + ": " + error.what()};
  }
}

void unseal_journal(const std::filesystem::path& directory) {
  std::error_code ignored;
  std::filesystem::remove(directory / manifest_file, ignored);
}

ManifestFinding check_manifest(const std::filesystem::path& directory) {
  ManifestFinding finding;
  const std::filesystem::path file = directory / manifest_file;
  if (!std::filesystem::exists(file)) return finding;
  finding.sealed = true;
  const std::string text = as_text(read_file(file));
  const std::size_t last_line = text.size() < 2 ? 0 : text.rfind('\n', text.size() - 2) + 1;
  std::istringstream lines(text.substr(0, last_line));
  std::string word;
  std::string key;
  std::int64_t size = 0;
  lines >> word >> key >> size;
  const std::optional<Bytes> public_key = from_hex(key);
  const std::optional<Bytes> signature =
      text.empty() || text.back() != '\n'
          ? std::nullopt
          : from_base64(std::string_view(text).substr(last_line, text.size() - 1 - last_line));
  if (word != header || !public_key || !signature ||
      !log_signature_holds(*public_key, as_bytes(text).first(last_line), *signature)) {
    finding.fault = file.string() + ": the manifest is damaged: its signature does not hold";
    return finding;
  }
  const Bytes bytes = read_file(directory / journal_file);
  PageLine line;
  std::string hash;
  std::int64_t pages = 0;
  while (lines >> line.page >> hash >> line.interval) {
    ++pages;
    if (to_hex(sha256(page_at(bytes, line.page))) == hash) continue;
    finding.damaged.push_back(
        {.page = line.page,
         .interval_begin = line.interval == no_interval ? std::nullopt : std::optional(line.interval)});
  }
  if (static_cast<std::int64_t>(bytes.size()) != size && finding.damaged.empty())
    finding.damaged.push_back({.page = pages, .interval_begin = std::nullopt});
  return finding;
}

}  // namespace commonwatt
