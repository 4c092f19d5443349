#include <array>
#include <functional>

#include <doctest/doctest.h>

#include "meter/sunspec.hpp"
#include "meter/sunspec_points.hpp"
#include "tests/meter/register_dump.hpp"

using namespace commonwatt;

namespace {

using Words = std::vector<std::uint16_t>;
using Answer = Result<Words, MeterError>;

/// Model 160 with that many inputs, behind "SunS" at 0: DCW_SF is -1 and every input gives 100 W and 1000 Wh.
Words mppt_chain(std::uint16_t inputs) {
  const auto length = static_cast<std::uint16_t>(8 + 20 * inputs);
  Words words{0x5375, 0x6E53, 160, length, 0, 0, 0xFFFF, 0, 0, 0, inputs, 0};
  for (std::uint16_t i = 0; i < inputs; ++i) {
    Words input(20, 0);
    input[11] = 1000;
    input[13] = 1000;
    words.insert(words.end(), input.begin(), input.end());
  }
  words.push_back(0xFFFF);
  return words;
}
constexpr SunSpecModel mppt_of_12{.id = 160, .address = 2, .length = 248};
constexpr std::size_t dcw_scale_at = 4;

struct Request {
  std::uint16_t address = 0;
  std::uint16_t count = 0;
  friend bool operator==(const Request&, const Request&) = default;
};

/// Registers from 0 that `change` may alter before each of the requests, which it is told the number of, from 0.
struct ChangingDevice {
  Words words;
  std::function<void(Words&, std::size_t)> change = [](Words&, std::size_t) {};
  std::vector<Request> requests = {};

  ReadRegisters reader() {
    return [this](std::uint16_t address, std::uint16_t count) -> Answer {
      change(words, requests.size());
      requests.push_back({address, count});
      return reader_of({{0, words}})(address, count);
    };
  }
};

}  // namespace

TEST_CASE("a marker is looked for at the configured base first, then at the usual three") {
  const Words chain{0x5375, 0x6E53, 0xFFFF, 0};
  for (const std::uint16_t base : std::array<std::uint16_t, 3>{40000, 0, 50000}) {
    CHECK(discover_sunspec(reader_of({{base, chain}}), {})->base == base);
  }
  CHECK(discover_sunspec(reader_of({{4096, chain}, {40000, chain}}), 4096)->base == 4096);
  CHECK(discover_sunspec(reader_of({{50000, chain}}), 4096)->base == 50000);
  const auto nowhere = discover_sunspec(reader_of({{4096, chain}}), {});
  REQUIRE_FALSE(nowhere);
  CHECK(nowhere.error().fault == MeterFault::no_sunspec_marker);
}

TEST_CASE("the chain is walked by the device's own lengths, past models nobody knows") {
  Words chain{0x5375, 0x6E53, 1, 65};
  chain.resize(chain.size() + 65);
  chain.insert(chain.end(), {65230, 3, 7, 7, 7, 203, 2, 0, 0, 0xFFFF});
  SUBCASE("to an end marker without a length") {}
  SUBCASE("to an end marker with a length") {
    chain.push_back(0);
  }
  SUBCASE("to where the device refuses") {
    chain.pop_back();
  }
  const auto found = discover_sunspec(reader_of({{40000, chain}}), {});
  REQUIRE(found);
  CHECK(found->models == std::vector<SunSpecModel>{{1, 40002, 65}, {65230, 40069, 3}, {203, 40074, 2}});
}

TEST_CASE("a chain without end is given up after so many models, and one beyond the address space at its end") {
  Words endless{0x5375, 0x6E53};
  for (int i = 0; i < 200; ++i) endless.insert(endless.end(), {64000, 0});
  CHECK(discover_sunspec(reader_of({{0, endless}}), {})->models.size() == sunspec_models_max);
  CHECK(discover_sunspec(reader_of({{0, {0x5375, 0x6E53, 64000, 0xFFFE}}}), {})->models.size() == 1);
  const Words at_the_end{0x5375, 0x6E53, 64000, 1, 7, 0xFFFF};
  CHECK(discover_sunspec(reader_of({{65530, at_the_end}}), 65530)->models.size() == 1);
}

TEST_CASE("a fault of the line ends the search instead of passing for a device without SunSpec") {
  const ReadRegisters dead = [](std::uint16_t, std::uint16_t) -> Answer {
    return Fail{MeterError{MeterFault::timed_out, {}}};
  };
  CHECK(discover_sunspec(dead, {}).error().fault == MeterFault::timed_out);
}

TEST_CASE("texts of model 1 end at their NUL, and lose the blanks behind") {
  Words words(67, 0);
  words[0] = 1;
  words[1] = 65;
  words[2] = 0x534D;
  words[3] = 0x4120;   // "SMA "
  words[18] = 0x0041;  // a leading NUL: not implemented
  words[50] = 0x3107;  // "1", then an unprintable character
  const SunSpecCommon common = decode_sunspec_common(words);
  CHECK(common.maker == "SMA");
  CHECK(common.model.empty());
  CHECK(common.serial == "1?");
  words.resize(60);
  CHECK(decode_sunspec_common(words).maker == "SMA");
  CHECK(decode_sunspec_common(words).serial.empty());
  words[0] = 103;
  CHECK(decode_sunspec_common(words) == SunSpecCommon{});
}

TEST_CASE("a second model 1 begins another device, and a model may be there twice") {
  const SunSpecChain chain{
      .base = 0,
      .models = {
          {101, 2, 50}, {1, 54, 65}, {103, 121, 50}, {160, 173, 48}, {160, 223, 48}, {1, 273, 66}, {203, 341, 105}}};
  const std::vector<SunSpecDevice> devices = sunspec_devices(chain);
  REQUIRE(devices.size() == 2);
  CHECK(devices[0] == SunSpecDevice{{1, 54, 65}, {{103, 121, 50}, {160, 173, 48}, {160, 223, 48}}});
  CHECK(devices[1] == SunSpecDevice{{1, 273, 66}, {{203, 341, 105}}});
  CHECK(sunspec_devices({}).empty());
}

TEST_CASE("a model that fits into one request is read in one") {
  ChangingDevice device{.words = mppt_chain(5)};
  const auto words = read_sunspec_model(device.reader(), {.id = 160, .address = 2, .length = 108});
  REQUIRE(words);
  CHECK(words->size() == 110);
  CHECK(device.requests == std::vector<Request>{{2, 110}});
}

TEST_CASE("a longer model is read in pieces that cut no point in two, and its scale factors once more at the end") {
  ChangingDevice device{.words = mppt_chain(12)};
  const auto words = read_sunspec_model(device.reader(), mppt_of_12);
  REQUIRE(words);
  CHECK(*words == Words(device.words.begin() + 2, device.words.end() - 1));
  // The time stamp of the sixth input is in registers 124 and 125 of the model, the events of the last in 248 and 249.
  CHECK(device.requests == std::vector<Request>{{2, 125}, {2 + 124, 125}, {2 + 248, 2}, {2, 125}});
}

TEST_CASE("a scale factor that changes between two pieces makes the model be read again") {
  ChangingDevice device{.words = mppt_chain(12)};
  device.change = [](Words& words, std::size_t request) {
    if (request == 1) words[2 + dcw_scale_at] = 0;
  };
  const auto words = read_sunspec_model(device.reader(), mppt_of_12);
  REQUIRE(words);
  CHECK((*words)[dcw_scale_at] == 0);
  CHECK(device.requests.size() == 8);
}

TEST_CASE("scale factors that do not rest are a fault, not a value") {
  ChangingDevice device{.words = mppt_chain(12)};
  device.change = [](Words& words, std::size_t request) {
    words[2 + dcw_scale_at] = static_cast<std::uint16_t>(request % 10);
  };
  const auto words = read_sunspec_model(device.reader(), mppt_of_12);
  REQUIRE_FALSE(words);
  CHECK(words.error().fault == MeterFault::map_changed);
  CHECK(device.requests.size() == 12);
}

TEST_CASE("values may change between two pieces") {
  ChangingDevice device{.words = mppt_chain(12)};
  device.change = [](Words& words, std::size_t request) { words[2 + 10 + 11] = static_cast<std::uint16_t>(request); };
  CHECK(read_sunspec_model(device.reader(), mppt_of_12));
  CHECK(device.requests.size() == 4);
}

TEST_CASE("a model that is no longer where it was found is a map that changed") {
  ChangingDevice device{.words = mppt_chain(12)};
  SUBCASE("before it is read") {
    device.words[2] = 103;
  }
  SUBCASE("to another length") {
    device.words[3] = 228;
  }
  SUBCASE("while it is read") {
    device.change = [](Words& words, std::size_t request) {
      if (request == 2) words[2] = 103;
    };
  }
  const auto words = read_sunspec_model(device.reader(), mppt_of_12);
  REQUIRE_FALSE(words);
  CHECK(words.error().fault == MeterFault::map_changed);
}

TEST_CASE("an answer of another length than asked for is garbled, and a refusal stays one") {
  const ReadRegisters short_answers = [](std::uint16_t, std::uint16_t) -> Answer { return Words{160, 248}; };
  CHECK(read_sunspec_model(short_answers, mppt_of_12).error().fault == MeterFault::garbled);
  Words cut_off = mppt_chain(12);
  cut_off.resize(200);
  CHECK(read_sunspec_model(reader_of({{0, cut_off}}), mppt_of_12).error().fault == MeterFault::refused);
}

TEST_CASE("a model is read no further than the addresses go") {
  const Words last{701, 153, 1, 2};
  const auto words = read_sunspec_model(reader_of({{65532, last}}), {.id = 701, .address = 65532, .length = 153});
  REQUIRE(words);
  CHECK(*words == last);
}

TEST_CASE("every model has its scale factors within its first 125 registers, where read_sunspec_model looks for them") {
  for (int id = 0; id <= 0xFFFF; ++id) {
    for (const SunSpecPlace& place : sunspec_places(Words{static_cast<std::uint16_t>(id), 2000})) {
      if (place.layout->type == SunSpecType::sunssf) CHECK(place.end() <= sunspec_request_words_max);
    }
  }
}
