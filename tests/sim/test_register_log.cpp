#include <fstream>
#include <iterator>

#include <doctest/doctest.h>

#include "sim/register_log.hpp"
#include "tests/sim/scratch_folder.hpp"

using namespace commonwatt;

namespace {

const HouseholdPlan first_plan = plan_neighbourhood(1, 1)[0];

const HouseholdEnergy& household() {
  static const HouseholdEnergy one_day(first_plan, sunny_day_begin, sunny_day_end);
  return one_day;
}

std::string row(UtcTime time) {
  const HouseholdRegisters shown = household().registers(time);
  return std::to_string(time.seconds()) + "," + std::to_string(shown.grid_import.count) + "," +
         std::to_string(shown.grid_export.count) + "\n";
}

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

constexpr UtcTime quarter(int number) {
  return sunny_day_begin + std::chrono::minutes{15 * number};
}

RegisterLog open(const std::string& path) {
  return RegisterLog::open(path, boundaries(sunny_day_begin, quarter(4), 900)).value();
}

}  // namespace

TEST_CASE("the boundaries are the begin, the market's, and the end") {
  const UtcTime begin = UtcTime::from_seconds(1000);
  const UtcTime end = UtcTime::from_seconds(3000);
  CHECK(boundaries(begin, end, 900) ==
        std::vector{begin, UtcTime::from_seconds(1800), UtcTime::from_seconds(2700), end});
  CHECK(boundaries(begin, begin, 900) == std::vector{begin});
  CHECK(boundaries(sunny_day_begin, sunny_day_end, 900).size() == 97);
}

TEST_CASE("a row appears when its boundary has passed, with what the meter showed then") {
  const ScratchFolder folder;
  const std::string path = folder.file("registers.csv");
  RegisterLog log = open(path);
  log.write_until(quarter(2) - std::chrono::nanoseconds{1}, household(), SimulatedDevice::main);
  CHECK(text_of(path) == row(quarter(0)) + row(quarter(1)));
  CHECK(log.next() == quarter(2));
  log.write_until(quarter(9), household(), SimulatedDevice::main);
  CHECK(text_of(path) == row(quarter(0)) + row(quarter(1)) + row(quarter(2)) + row(quarter(3)) + row(quarter(4)));
  CHECK_FALSE(log.next());
}

TEST_CASE("after a crash in the middle of a row nothing is missing and nothing is twice") {
  const ScratchFolder folder;
  const std::string path = folder.file("registers.csv");
  std::ofstream(path) << row(quarter(0)) << row(quarter(1)) << row(quarter(2)).substr(0, 14);
  open(path).write_until(quarter(9), household(), SimulatedDevice::main);
  CHECK(text_of(path) == row(quarter(0)) + row(quarter(1)) + row(quarter(2)) + row(quarter(3)) + row(quarter(4)));
}

TEST_CASE("a file that is something else is left alone") {
  const ScratchFolder folder;
  const std::string path = folder.file("letter.txt");
  std::ofstream(path) << "Dear neighbour,\n";
  CHECK_FALSE(RegisterLog::open(path, {sunny_day_begin}));
  CHECK(text_of(path) == "Dear neighbour,\n");
  CHECK_FALSE(RegisterLog::open(folder.file("no/such/folder"), {sunny_day_begin}));
}
