#include <set>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include "controller/data_keys.hpp"
#include "controller/sealing.hpp"
#include "controller/signing_keys.hpp"
#include "tests/controller/full_disk.hpp"
#include "tests/controller/temporary_directory.hpp"

namespace commonwatt {
namespace {

DataKey some_key() {
  return {.household = HouseholdId::from("hh03"), .month = 24'000, .first_sequence = 1, .secret = random_hash()};
}

TEST_CASE("what was sealed opens with its key, as the record it is, and with nothing changed") {
  const DataKey key = some_key();
  const Bytes about{1, 2, 3};
  for (const std::size_t size : {0U, 1U, 15U, 16U, 17U, 5'000U}) {
    const Bytes text(size, 0x5A);
    const SealedRecord sealed = seal_record(key, about, text);
    CHECK(sealed.text.size() == size + 16);
    CHECK(sealed.key == key.name());
    CHECK(open_record(key, sealed, about) == text);
    CHECK_FALSE(open_record(some_key(), sealed, about).has_value());
    CHECK_FALSE(open_record(key, sealed, Bytes{1, 2, 4}).has_value());
    DataKey other = key;
    other.household = HouseholdId::from("hh04");
    CHECK_FALSE(open_record(other, sealed, about).has_value());
    for (std::size_t byte = 0; byte < sealed.text.size(); byte += 1 + sealed.text.size() / 40) {
      SealedRecord flipped = sealed;
      flipped.text[byte] ^= 1U;
      CHECK_FALSE(open_record(key, flipped, about).has_value());
    }
    SealedRecord flipped = sealed;
    flipped.nonce[11] ^= 0x80U;
    CHECK_FALSE(open_record(key, flipped, about).has_value());
    flipped = sealed;
    flipped.text.resize(15);
    CHECK_FALSE(open_record(key, flipped, about).has_value());
  }
}

TEST_CASE("a nonce never comes twice, also for the same text in the same place") {
  constexpr std::size_t many = 20'000;
  const DataKey key = some_key();
  std::set<std::array<std::uint8_t, 12>> nonces;
  for (std::size_t i = 0; i < many; ++i) nonces.insert(seal_record(key, Bytes{1}, Bytes{2}).nonce);
  CHECK(nonces.size() == many);
}

TEST_CASE("a key is made once a month for each household, is there again after a restart, and is its owner's alone") {
  const test::TemporaryDirectory directory;
  const std::optional<HouseholdId> one = HouseholdId::from("hh01");
  KeyName first{};
  {
    DataKeyStore store(directory.path());
    first = store.current(one, 10, 1).name();
    CHECK(store.current(one, 10, 7).name() == first);
    CHECK(store.current(one, 11, 9).name() != first);
    CHECK(store.current(HouseholdId::from("hh02"), 10, 9).name() != first);
    CHECK(store.current(std::nullopt, 10, 9).name() != first);
    CHECK(read_data_keys(directory.path()).size() == 4);  // On disk as soon as it is made.
  }
  DataKeyStore store(directory.path());
  CHECK(store.current(one, 10, 20).name() == first);
  struct stat status {};
  REQUIRE(::stat((directory / data_key_file).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777U) == 0600U);
}

TEST_CASE("a key that finds no room on the disk seals nothing, and one that cannot be erased is still there") {
  const test::TemporaryDirectory directory;
  const std::optional<HouseholdId> one = HouseholdId::from("hh01");
  const auto is_of_one = [&](const DataKey& key) { return key.household == one; };
  DataKeyStore store(directory.path());
  const KeyName kept = store.current(one, 10, 1).name();
  {
    const test::FullDisk full;
    CHECK_THROWS_AS(store.current(one, 11, 2), SqliteError);
    CHECK_THROWS_AS(store.erase(is_of_one), SqliteError);
    CHECK(store.keys().size() == 1);
    CHECK(store.current(one, 10, 3).name() == kept);
  }
  CHECK(read_data_keys(directory.path()).size() == 1);
  store.current(one, 11, 2);
  CHECK(read_data_keys(directory.path()).size() == 2);
  store.erase(is_of_one);
  CHECK(read_data_keys(directory.path()).empty());
}

TEST_CASE("an erased key is nowhere in the file any more, and a damaged one is not taken for a key") {
  const test::TemporaryDirectory directory;
  const auto text_of = [](const Hash32& secret) { return std::string(secret.begin(), secret.end()); };
  DataKeyStore store(directory.path());
  const DataKey gone = store.current(HouseholdId::from("hh01"), 10, 1);
  const DataKey kept = store.current(HouseholdId::from("hh02"), 10, 1);
  REQUIRE(test::file_text(directory / data_key_file).find(text_of(gone.secret)) != std::string::npos);
  store.erase([&](const DataKey& key) { return key.household == gone.household; });
  CHECK(test::file_text(directory / data_key_file).find(text_of(gone.secret)) == std::string::npos);
  CHECK(test::file_text(directory / data_key_file).find(text_of(kept.secret)) != std::string::npos);
  CHECK_FALSE(std::filesystem::exists(directory / "data_keys.sqlite-wal"));
  CHECK(store.keys().size() == 1);
  SqliteDatabase(directory / data_key_file, OpenMode::single_file, "")
      .execute("UPDATE data_key SET secret=zeroblob(32)");
  CHECK(read_data_keys(directory.path()).empty());
}

}  // namespace
}  // namespace commonwatt
