// bench-settle-month: a month of a community settled, posted and sealed in SQLite on disk, beside bare prepared inserts
// of the same rows with the same durability and the same transactions, interleaved interval by interval.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <sqlite3.h>

#include "controller/sqlite.hpp"
#include "core/sha256.hpp"
#include "market/batch.hpp"
#include "market/community_allocation.hpp"
#include "tests/bench/measure.hpp"

namespace commonwatt::bench {
namespace {

using Json = nlohmann::ordered_json;

constexpr Tariff tariff{.retail = Price{300'000}, .feed_in = Price{80'000}};
constexpr std::int64_t quarter = 900;
constexpr std::int64_t month_begin = 1'782'000'000;

/// Interval first: each transaction appends at the end of both trees. Kinds and households are numbers.
constexpr const char* schema = R"(
CREATE TABLE IF NOT EXISTS statement(interval_begin INTEGER NOT NULL, household INTEGER NOT NULL, run INTEGER NOT NULL,
  contract INTEGER NOT NULL, delivered INTEGER NOT NULL, energy INTEGER NOT NULL, imbalance INTEGER NOT NULL,
  fee INTEGER NOT NULL, loss INTEGER NOT NULL, tax INTEGER NOT NULL,
  PRIMARY KEY(interval_begin, household, run)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posting(interval_begin INTEGER NOT NULL, run INTEGER NOT NULL, from_kind INTEGER NOT NULL,
  household INTEGER NOT NULL, to_kind INTEGER NOT NULL, kind INTEGER NOT NULL, amount INTEGER NOT NULL,
  PRIMARY KEY(interval_begin, run, from_kind, household, to_kind, kind)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS batch(log_index INTEGER PRIMARY KEY, interval_begin INTEGER NOT NULL, run INTEGER NOT NULL,
  root BLOB NOT NULL, salt BLOB NOT NULL, log_root BLOB NOT NULL) STRICT;
)";
constexpr const char* insert_statement = "INSERT INTO statement VALUES(?,?,?,?,?,?,?,?,?,?)";
constexpr const char* insert_posting = "INSERT INTO posting VALUES(?,?,?,?,?,?,?)";
constexpr const char* insert_batch = "INSERT INTO batch VALUES(?,?,?,?,?,?)";

/// What the leaf of a household's statement holds.
struct SealedStatement {
  HouseholdId household;
  Interval interval;
  Run run = Run::initial;
  SettledMember figures;

  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.interval, self.run, self.figures.contract, self.figures.delivered,
                    self.figures.energy_amount, self.figures.imbalance_amount, self.figures.fee_amount,
                    self.figures.loss_amount, self.figures.tax_amount);
  }
};

/// The rows of one interval, as both sides write them.
struct Rows {
  std::int64_t interval = 0;
  SettledInterval settled;
  std::int64_t log_index = 0;
  Hash32 root{};
  Hash32 salt{};
  Hash32 log_root{};
};

/// Households on feeders of a hundred; a third has a plant.
struct Community {
  std::vector<HouseholdId> names;
  std::vector<SettlementMember> members;
  ZoneTree zones = ZoneTree::single();
  std::vector<std::int64_t> loss_permille;
  std::vector<Levy> levies{{.name = "levy", .price = Price{20'000}, .on_utility_energy = true}};
  std::vector<Tax> taxes{
      {.name = "VAT", .permille = 190, .on_utility_energy = true, .on_neighbour_energy = true, .on_fees = true}};

  explicit Community(std::size_t households) {
    std::vector<Zone> zone_list{Zone{}};
    for (std::size_t i = 0; i < households; ++i) {
      if (i % 100 == 0) zone_list.push_back({.parent = 0, .fee = Price{7'500}, .export_limit = {}, .import_limit = {}});
      names.push_back(*HouseholdId::from("household-" + std::to_string(100'000 + i)));
      members.push_back({.household = static_cast<std::uint32_t>(i),
                         .zone = static_cast<ZoneIndex>(zone_list.size() - 1),
                         .contract = {},
                         .contract_amount = {},
                         .delivered = {}});
    }
    loss_permille.assign(zone_list.size(), 30);
    zones = *ZoneTree::from(std::move(zone_list));
  }

  /// Contracts at one price, balanced, and meters that say something else.
  void draw(Random& random) {
    const Price price{random.between(90'000, 290'000)};
    Energy open;
    for (SettlementMember& member : members) {
      const bool is_last = &member == &members.back();
      const bool sells = member.household % 3 == 0;
      member.contract = is_last ? -open : Energy{sells ? random.between(-1'200, 0) : random.between(0, 600)};
      open += member.contract;
      member.contract_amount = member.contract * price;
      member.delivered = member.contract + Energy{random.between(-200, 200)};
    }
  }
};

struct Seconds {
  double settle = 0;
  double post = 0;
  double seal = 0;
  double insert = 0;
  double commit = 0;
  double ours = 0;
  double bare = 0;
};

/// Whether postings have rows of their own, or follow from the statements for whoever asks.
enum class PostingRows : std::uint8_t { kept, derived };

/// Our way: settle, check, seal and write, one transaction an interval.
class Ours {
 public:
  Ours(const std::filesystem::path& file, const Community& community, PostingRows posting_rows)
      : community_(community),
        posting_rows_(posting_rows),
        database_(file, OpenMode::read_write, schema),
        statement_(database_.prepare(insert_statement)),
        posting_(database_.prepare(insert_posting)),
        batch_(database_.prepare(insert_batch)),
        balances_(community.names.size()) {}

  Rows interval(std::int64_t begin, Seconds& seconds) {
    Rows rows;
    rows.interval = begin;
    seconds.settle += seconds_of([&] { settle(rows); });
    seconds.post += seconds_of([&] { post(rows); });
    seconds.seal += seconds_of([&] { seal(rows); });
    if (posting_rows_ == PostingRows::derived) rows.settled.transfers.clear();
    SqliteDatabase::Transaction transaction(database_);
    seconds.insert += seconds_of([&] { insert(rows); });
    seconds.commit += seconds_of([&] { transaction.commit(); });
    return rows;
  }

 private:
  void settle(Rows& rows) const {
    const TieKey tie_key = [&](std::size_t place) { return allocation_tie_key(community_.names[place]); };
    rows.settled = *settle_interval(community_.members, community_.zones,
                                    {.tariff = tariff,
                                     .imbalance = dual_prices(tariff),
                                     .loss_permille = community_.loss_permille,
                                     .levies = community_.levies,
                                     .taxes = community_.taxes},
                                    tie_key);
  }

  /// The difference to what is posted, which is nothing yet, and the sums that must hold.
  void post(Rows& rows) {
    std::vector<Transfer> missing = differences({}, *netted(rows.settled.transfers, transfer_max));
    const TransferSums found = sums(missing, balances_.size());
    if (found.all != 0 || found.escrow != 0) std::abort();
    for (const SettledMember& member : rows.settled.members) {
      if (found.paid[member.household] != member.total().count) std::abort();
      balances_[member.household] -= member.total();
    }
    rows.settled.transfers = std::move(missing);
  }

  void seal(Rows& rows) {
    const Interval interval(rows.interval, quarter);
    rows.salt = sha256({rows.salt, rows.log_root});
    GrowingTree tree;
    SealedStatement statement{.household = {}, .interval = interval, .run = Run::initial, .figures = {}};
    for (const SettledMember& member : rows.settled.members) {
      statement.household = community_.names[member.household];
      statement.figures = member;
      const Salt16 salt = statement_salt(rows.salt, statement.household);
      tree.append(record_leaf(LeafKind::statement, salt, encode(statement), {}));
    }
    rows.root = tree.root();
    rows.log_index = log_.size();
    log_.append(log_leaf({.interval = interval, .run = Run::initial, .batch_root = rows.root}));
    rows.log_root = log_.root();
  }

  void insert(const Rows& rows) {
    const auto run = static_cast<std::int64_t>(Run::initial);
    for (const SettledMember& member : rows.settled.members) {
      statement_
          .with(rows.interval, std::int64_t{member.household}, run, member.contract.count, member.delivered.count,
                member.energy_amount.count, member.imbalance_amount.count, member.fee_amount.count,
                member.loss_amount.count, member.tax_amount.count)
          .run();
    }
    for (const Transfer& transfer : rows.settled.transfers) {
      posting_
          .with(rows.interval, run, static_cast<std::int64_t>(transfer.from.kind),
                std::int64_t{transfer.from.household}, static_cast<std::int64_t>(transfer.to.kind),
                static_cast<std::int64_t>(transfer.kind), transfer.amount.count)
          .run();
    }
    batch_.with(rows.log_index, rows.interval, run, rows.root, rows.salt, rows.log_root).run();
  }

  const Community& community_;
  PostingRows posting_rows_;
  SqliteDatabase database_;
  SqlStatement statement_;
  SqlStatement posting_;
  SqlStatement batch_;
  GrowingTree log_;
  std::vector<Money> balances_;
};

/// The reference: SQLite's own calls, prepared once, with nothing around them.
class Bare {
 public:
  explicit Bare(const std::filesystem::path& file) {
    check(sqlite3_open(file.c_str(), &handle_));
    for (const char* pragma : {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "PRAGMA cache_size=-512", schema})
      execute(pragma);
    check(sqlite3_prepare_v2(handle_, insert_statement, -1, &statement_, nullptr));
    check(sqlite3_prepare_v2(handle_, insert_posting, -1, &posting_, nullptr));
    check(sqlite3_prepare_v2(handle_, insert_batch, -1, &batch_, nullptr));
  }
  Bare(const Bare&) = delete;
  Bare& operator=(const Bare&) = delete;
  ~Bare() {
    for (sqlite3_stmt* statement : {statement_, posting_, batch_}) sqlite3_finalize(statement);
    sqlite3_close(handle_);
  }

  void interval(const Rows& rows) {
    execute("BEGIN IMMEDIATE");
    const auto run = static_cast<std::int64_t>(Run::initial);
    for (const SettledMember& member : rows.settled.members) {
      insert(statement_, std::array<std::int64_t, 10>{rows.interval, member.household, run, member.contract.count,
                                                      member.delivered.count, member.energy_amount.count,
                                                      member.imbalance_amount.count, member.fee_amount.count,
                                                      member.loss_amount.count, member.tax_amount.count});
    }
    for (const Transfer& transfer : rows.settled.transfers) {
      insert(posting_, std::array<std::int64_t, 7>{rows.interval, run, static_cast<std::int64_t>(transfer.from.kind),
                                                   transfer.from.household, static_cast<std::int64_t>(transfer.to.kind),
                                                   static_cast<std::int64_t>(transfer.kind), transfer.amount.count});
    }
    int blob = 4;
    for (const Hash32& hash : {rows.root, rows.salt, rows.log_root})
      check(sqlite3_bind_blob(batch_, blob++, hash.data(), static_cast<int>(hash.size()), SQLITE_TRANSIENT));
    insert(batch_, std::array<std::int64_t, 3>{rows.log_index, rows.interval, run});
    execute("COMMIT");
  }

 private:
  static void check(int code) {
    if (code != SQLITE_OK) std::abort();
  }
  void execute(const char* sql) { check(sqlite3_exec(handle_, sql, nullptr, nullptr, nullptr)); }
  template <std::size_t Columns>
  static void insert(sqlite3_stmt* statement, const std::array<std::int64_t, Columns>& values) {
    for (std::size_t i = 0; i < Columns; ++i) sqlite3_bind_int64(statement, static_cast<int>(i) + 1, values[i]);
    if (sqlite3_step(statement) != SQLITE_DONE) std::abort();
    sqlite3_reset(statement);
  }

  sqlite3* handle_ = nullptr;
  sqlite3_stmt* statement_ = nullptr;
  sqlite3_stmt* posting_ = nullptr;
  sqlite3_stmt* batch_ = nullptr;
};

/// A new directory under `where` that goes away again.
class Scratch {
 public:
  explicit Scratch(const std::filesystem::path& where) : path_((where / "bench-settle-month-XXXXXX").string()) {
    if (mkdtemp(path_.data()) == nullptr) std::abort();
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::filesystem::path file(const char* name) const { return std::filesystem::path(path_) / name; }

 private:
  std::string path_;
};

struct Month {
  PostingRows posting_rows = PostingRows::kept;
  Seconds seconds;
  std::size_t statements = 0;
  std::size_t rows = 0;
};

Month measure(std::size_t households, std::int64_t intervals, const std::filesystem::path& where,
              PostingRows posting_rows) {
  const Scratch scratch(where);
  Random random(11);
  Community community(households);
  Ours ours(scratch.file("ours.sqlite"), community, posting_rows);
  Bare bare(scratch.file("bare.sqlite"));
  Month month{.posting_rows = posting_rows, .seconds = {}};
  Rows rows;
  const auto write_ours = [&](std::int64_t begin) {
    month.seconds.ours += seconds_of([&] { rows = ours.interval(begin, month.seconds); });
  };
  const auto write_bare = [&] { month.seconds.bare += seconds_of([&] { bare.interval(rows); }); };
  for (std::int64_t i = 0; i < intervals; ++i) {
    community.draw(random);
    write_ours(month_begin + i * quarter);
    write_bare();
    month.statements += rows.settled.members.size();
    month.rows += rows.settled.members.size() + rows.settled.transfers.size() + 1;
  }
  return month;
}

Json report_of(const Month& month) {
  const Seconds& seconds = month.seconds;
  const auto statements = static_cast<double>(month.statements);
  const auto each = [&](double part) { return part / statements * 1e6; };
  return {{"posting_rows", month.posting_rows == PostingRows::kept},
          {"statements", month.statements},
          {"rows", month.rows},
          {"statements_per_second", statements / seconds.ours},
          {"bare_statements_per_second", statements / seconds.bare},
          {"ratio", seconds.bare / seconds.ours},
          {"settle_us", each(seconds.settle)},
          {"post_us", each(seconds.post)},
          {"seal_us", each(seconds.seal)},
          {"insert_us", each(seconds.insert)},
          {"commit_us", each(seconds.commit)},
          {"bare_us", each(seconds.bare)}};
}

void print(const Month& month) {
  const Seconds& seconds = month.seconds;
  const auto statements = static_cast<double>(month.statements);
  const auto each = [&](double part) { return part / statements * 1e6; };
  std::printf("%8s  %10zu  %9.0f  %9.0f  %5.2f  %6.2f  %5.2f  %5.2f  %6.2f  %6.2f  %6.2f\n",
              month.posting_rows == PostingRows::kept ? "kept" : "derived", month.rows, statements / seconds.ours,
              statements / seconds.bare, seconds.bare / seconds.ours, each(seconds.settle), each(seconds.post),
              each(seconds.seal), each(seconds.insert), each(seconds.commit), each(seconds.bare));
}

int run(int argc, char** argv) {
  CLI::App app("A month settled, posted and sealed on disk, beside bare inserts", "bench-settle-month");
  bool json = false;
  bool quick = false;
  std::string where = std::filesystem::temp_directory_path().string();
  app.add_flag("--json", json, "prints one JSON object");
  app.add_flag("--quick", quick, "a small month, to see that the benchmark works");
  app.add_option("--dir", where, "where the databases are made, and removed again")->check(CLI::ExistingDirectory);
  CLI11_PARSE(app, argc, argv);
  const std::size_t households = quick ? 50 : 1'000;
  const std::int64_t intervals = quick ? 96 : 31 * 96;
  Json report = Json::array();
  if (!json) {
    std::printf("%zu households, %lld intervals; a second, and us a statement\n", households,
                static_cast<long long>(intervals));
    std::puts("postings        rows     ours/s     bare/s  ratio  settle   post   seal  insert  commit    bare");
  }
  for (const PostingRows posting_rows : {PostingRows::kept, PostingRows::derived}) {
    const Month month = measure(households, intervals, where, posting_rows);
    report.push_back(report_of(month));
    if (!json) print(month);
  }
  if (json) std::cout << report.dump() << "\n";
  return 0;
}

}  // namespace
}  // namespace commonwatt::bench

int main(int argc, char** argv) {
  return commonwatt::bench::run(argc, argv);
}
