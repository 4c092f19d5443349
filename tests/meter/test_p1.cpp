#include <iostream>

#include "meter/p1.hpp"
#include "tests/campaign.hpp"
#include "tests/meter/reference_data.hpp"
#include "tests/meter/telegram_checks.hpp"

namespace commonwatt {
namespace {

constexpr const char* head = "/ABC5\\2TEST-1000\r\n\r\n";
constexpr const char* version = "1-3:0.2.8(50)\r\n";
constexpr const char* registers =
    "0-0:1.0.0(260701143015S)\r\n"
    "0-0:96.1.1(4D3432)\r\n"
    "1-0:1.8.1(000012.345*kWh)\r\n"
    "1-0:1.8.2(000001.001*kWh)\r\n"
    "1-0:2.8.1(000007.000*kWh)\r\n"
    "1-0:2.8.2(000000.999*kWh)\r\n"
    "1-0:1.7.0(00.000*kW)\r\n"
    "1-0:2.7.0(01.250*kW)\r\n"
    "1-0:32.7.0(0231.4*V)\r\n"
    "1-0:31.7.0(005*A)\r\n"
    "1-0:99.97.0(1)(0-0:96.7.19)(000104180320W)(0000237126*s)\r\n"
    "0-0:96.13.0()\r\n";

Bytes octets(const std::string& text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}
Bytes joined(const std::vector<Bytes>& parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

/// A telegram of these lines with its checksum.
Bytes with_checksum(const std::string& lines) {
  const std::string covered = lines + "!";
  const std::string hex = to_hex(Bytes{static_cast<std::uint8_t>(crc16_arc(as_bytes(covered)) >> 8U),
                                       static_cast<std::uint8_t>(crc16_arc(as_bytes(covered)) & 0xFFU)});
  std::string digits;
  for (const char digit : hex) digits += static_cast<char>(digit >= 'a' ? digit - 'a' + 'A' : digit);
  return octets(covered + digits + "\r\n");
}
Bytes sample() {
  return with_checksum(std::string(head) + version + registers);
}
Bytes without_checksum(const std::string& lines) {
  return octets(lines + "!\r\n");
}

/// What is said against a telegram of `line` as the third; empty when it is accepted.
std::string refusal(const std::string& line) {
  const Result<P1Telegram, TelegramError> telegram = parse_p1(with_checksum(head + line + "\r\n"));
  return telegram ? "" : to_text(telegram.error());
}

void check_single(const MeasuredValue* value, double expected, double quantum) {
  REQUIRE(value != nullptr);
  CHECK(value->value == expected);
  CHECK(value->quantum == quantum);
  CHECK(value->quality == Quality::good);
}

}  // namespace

TEST_CASE("the checksum is CRC-16/ARC") {
  CHECK(crc16_arc(as_bytes("123456789")) == 0xBB3D);
}

TEST_CASE("a telegram reads as what the meter shows") {
  const Result<P1Telegram, TelegramError> telegram = parse_p1(sample());
  REQUIRE(telegram);
  CHECK(telegram->protection == P1Protection::crc16);
  CHECK(telegram->lines.size() == 13);
  const TelegramReading result = p1_reading(*telegram);
  CHECK(result.identity == DeviceIdentity{.maker = "ABC", .model = "TEST-1000", .serial = "M42"});
  CHECK(to_text(*result.meter_clock) == "2026-07-01T12:30:15Z");
  const DeviceReading& reading = result.reading;
  CHECK(reading.quality == Quality::good);
  CHECK(reading.raw.at(0).octets == sample());
  CHECK(reading.energy_import() == Energy{13346});
  CHECK(reading.energy_export() == Energy{7999});
  check_single(reading.find({.measurand = Measurand::energy_import, .share = Share::t1}), 12345, 1);
  check_single(reading.find({.measurand = Measurand::energy_export, .share = Share::t2}), 999, 1);
  check_single(reading.find({.measurand = Measurand::active_power}), -1250, 1);
  check_single(reading.find({.measurand = Measurand::voltage, .share = Share::l1}), 231.4, 0.1);
  check_single(reading.find({.measurand = Measurand::current, .share = Share::l1}), 5, 1);
  CHECK(reading.find({.measurand = Measurand::frequency}) == nullptr);
}

TEST_CASE("a checksum without its leading zeros is the same number") {
  const std::string covered = std::string(head) + "0-0:96.13.0(20)\r\n!";
  CHECK(crc16_arc(as_bytes(covered)) == 0x0AAE);
  CHECK(parse_p1(octets(covered + "0AAE\r\n")));
  CHECK(parse_p1(octets(covered + "AAE\r\n")));
}

TEST_CASE("the last line is '!', upper-case digits of the checksum, CR and LF, and nothing else") {
  const std::string covered = std::string(head) + "0-0:96.13.0(8)\r\n!";
  REQUIRE(crc16_arc(as_bytes(covered)) == 0xD7A4);
  CHECK(parse_p1(octets(covered + "D7A4\r\n")));
  for (const char* const end : {"d7a4\r\n", "0D7A4\r\n", "D7A4\n", "D7A4\r", "D7A4 \r\n", " D7A4\r\n", "D7A4\r\n\r\n",
                                "D7A4\r\n/", "-D7A4\r\n", "D7A5\r\n", "D7A\r\n", ""}) {
    INFO(end);
    CHECK_FALSE(parse_p1(octets(covered + end)));
  }
}

TEST_CASE("without a checksum nothing is better than suspect") {
  const Result<P1Telegram, TelegramError> telegram = parse_p1(without_checksum(std::string(head) + registers));
  REQUIRE(telegram);
  CHECK(telegram->protection == P1Protection::none);
  const TelegramReading result = p1_reading(*telegram);
  CHECK(result.reading.quality == Quality::suspect);
  for (const MeasuredValue& value : result.reading.values) {
    CHECK(value.quality == Quality::suspect);
    CHECK(value.reason.find("no checksum") != std::string::npos);
  }
  CHECK(result.reading.energy_import() == Energy{13346});
}

TEST_CASE("a telegram that states its version must have a checksum") {
  CHECK_FALSE(parse_p1(without_checksum(std::string(head) + version + registers)));
  CHECK_FALSE(parse_p1(without_checksum(std::string(head) + "0-0:96.1.4(50217)\r\n" + registers)));
}

TEST_CASE("the form of IEC 62056-21, in W and with four decimals of a Wh, is read to the last whole Wh") {
  const Result<P1Telegram, TelegramError> telegram =
      parse_p1(without_checksum("/ABC5Q3 V1\r\n\r\n1-0:0.0.0*255(77)\r\n1-0:1.8.0*255(00032549.5061662*kWh)\r\n"
                                "1-0:1.7.0*255(001688.21*W)\r\n"));
  REQUIRE(telegram);
  const TelegramReading result = p1_reading(*telegram);
  CHECK(result.identity == DeviceIdentity{.maker = "ABC", .model = "Q3 V1", .serial = "77"});
  CHECK(result.reading.energy_import() == Energy{32549506});
  CHECK(result.reading.find({.measurand = Measurand::energy_import})->quantum == 0.0001);
  CHECK(result.reading.power_w() == 1688.21);
  CHECK_FALSE(result.meter_clock);
}

TEST_CASE("a telegram without electricity says nothing of energy, not zero") {
  const Result<P1Telegram, TelegramError> telegram = parse_p1(
      with_checksum(std::string(head) + version + "0-1:24.1.0(004)\r\n0-1:24.2.1(260215200523W)(240.860*GJ)\r\n"));
  REQUIRE(telegram);
  const DeviceReading reading = p1_reading(*telegram).reading;
  CHECK(reading.values.empty());
  CHECK(reading.quality == Quality::missing);
  CHECK_FALSE(reading.energy_import());
}

TEST_CASE("a line that begins with a bracket continues the one before") {
  const Result<P1Telegram, TelegramError> telegram =
      parse_p1(with_checksum(std::string(head) + "0-1:24.3.0(161107190000)(00)(0-1:24.2.1)(m3)\r\n(00001.001)\r\n"));
  REQUIRE(telegram);
  REQUIRE(telegram->lines.size() == 1);
  CHECK(telegram->lines[0].values.size() == 5);
  CHECK(telegram->lines[0].values[4].text == "00001.001");
}

TEST_CASE("a broken line is refused with its number") {
  CHECK(refusal("1-0:1.8.1(000001.001*kWh)").empty());
  CHECK(refusal("9-9:1.2.3(whatever)").empty());
  CHECK(refusal("1-0:1.8.1(*kWh)").empty());
  CHECK(refusal("1-0:1.8.1()").empty());
  for (const char* const line : {"",
                                 "1-0:1.8.1",
                                 "1-0:1.8(1*kWh)",
                                 "1-0:1.8.256(1*kWh)",
                                 "1-0:1.8.1*(1*kWh)",
                                 "1-0:1.8.1(1*kWh",
                                 "1-0:1.8.1(1*kWh)x",
                                 "1-0:1.8.1(1*kWh))",
                                 "1-0:1.8.1((1*kWh)",
                                 "1-0:1.8.1(1,0*kWh)",
                                 "1-0:1.8.1(1.*kWh)",
                                 "1-0:1.8.1(1*)",
                                 "1-0:1.8.1(1*k*Wh)",
                                 "-0:1.8.1(1*kWh)",
                                 "1-0:1..1(1*kWh)",
                                 "(1*kWh)",
                                 "1-0:1.8.1(\t)",
                                 "1-0:1.8.1(\xB2)",
                                 "1-0:1.8.1(1*kWh)\r",
                                 "1-0:1.8.1(1*kWh)\n"}) {
    INFO(line);
    CHECK(refusal(line).find("(line 3)") != std::string::npos);
  }
  CHECK(refusal("1-0:1.8.1(1*kWh)\r\n1-0:1.8.1(2*kWh)").find("(line 4)") != std::string::npos);
}

TEST_CASE("the clock is Central European time, and absent where it is none") {
  const auto clock = [](const std::string& text) {
    const auto telegram = parse_p1(with_checksum(std::string(head) + "0-0:1.0.0(" + text + ")\r\n"));
    return telegram ? p1_reading(*telegram).meter_clock : std::nullopt;
  };
  CHECK(to_text(*clock("260101003000W")) == "2025-12-31T23:30:00Z");
  CHECK(to_text(*clock("261025023000S")) == "2026-10-25T00:30:00Z");
  CHECK(to_text(*clock("261025023000W")) == "2026-10-25T01:30:00Z");
  for (const char* const text : {"", "260101003000", "260101003000X", "260230003000W", "261301003000W", "260101243000W",
                                 "260101006000W", "2601010030 0W", "-60101003000W"}) {
    CHECK_FALSE(clock(text));
  }
}

TEST_CASE("no truncated and no damaged telegram is accepted") {
  const Bytes telegram = sample();
  const auto view = ByteView(telegram);
  for (std::size_t size = 0; size < telegram.size(); ++size) {
    REQUIRE_FALSE(parse_p1(view.first(size)));
    REQUIRE(framed<P1Framer>(view.first(size)).empty());
  }
  Bytes damaged = telegram;
  for (std::size_t bit = 0; bit < telegram.size() * 8; ++bit) {
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    INFO("bit ", bit % 8, " of octet ", bit / 8);
    REQUIRE_FALSE(parse_p1(damaged));
    damaged[bit / 8] = telegram[bit / 8];
  }
}

TEST_CASE("a flipped bit takes the telegram it hits and no other") {
  const Bytes stream = joined({octets("noise\r\n"), sample(), sample(), sample()});
  CHECK(check_every_flip<P1Framer>(stream, parse_p1) == 7 * 8);  // those of the noise
}

TEST_CASE("a telegram cut off at any octet does not take the next one with it") {
  const Bytes telegram = sample();
  for (std::size_t size = 1; size < telegram.size(); ++size) {
    P1Framer framer;
    framer.take(ByteView(telegram).first(size));
    CHECK(framer.take(telegram) == std::vector<Bytes>{telegram});
    CHECK(framer.dropped() == 1);
  }
}

TEST_CASE("telegrams are the same in whatever pieces they arrive") {
  const std::uint64_t seed = test::seed(1);
  CAPTURE(seed);
  const Bytes stream = joined({octets("0-0:1(x)!AB\r\n"), sample(), octets("\r\n  25818685\r\n"),
                               without_checksum(std::string(head) + registers), sample()});
  const std::vector<Bytes> whole = framed<P1Framer>(stream);
  REQUIRE(whole.size() == 3);
  std::mt19937_64 random(seed);
  for (const std::size_t piece_max : {1U, 2U, 7U, 100U}) {
    for (std::uint64_t round = 0; round < test::cases(50); ++round)
      REQUIRE(framed_in_pieces<P1Framer>(stream, random, piece_max) == whole);
  }
}

TEST_CASE("a telegram without end is given up") {
  P1Framer framer;
  CHECK(framer.take(octets("/" + std::string(3 * p1_telegram_max, 'x'))).empty());
  CHECK(framer.dropped() == 1);
  CHECK(framer.buffered() == 0);
  CHECK(framer.take(octets("/x!" + std::string(100, 'A'))).empty());
  CHECK(framer.dropped() == 2);
  CHECK(framer.take(sample()).size() == 1);
}

TEST_CASE("real telegrams are read as they stand, and not when a single bit of them is wrong") {
  struct Expected {
    std::string file;
    std::optional<Energy> imported;
    std::optional<Energy> exported;
    std::optional<double> power_w;
    const char* serial;
    bool is_protected;
  };
  const std::vector<Expected> expected{
      {"TELEGRAM_V2_2", Energy{2002}, Energy{2002}, 1010, "00000000000000", false},
      {"TELEGRAM_V4_2", Energy{3'016'829}, Energy{0}, 2027, "3960221976967177082151037881335713", true},
      {"TELEGRAM_V5", Energy{6825}, Energy{2444}, 244, "K8EG004046395507", true},
      {"TELEGRAM_FLUVIUS_V171", Energy{15792}, Energy{11}, 0, "1SAG3101021605", true},
      {"TELEGRAM_UNPADDED_CRC", std::nullopt, std::nullopt, std::nullopt, "ADC3100000158491", true},
      {"TELEGRAM_ESY5Q3DA1004_V304", Energy{32'549'506}, std::nullopt, 1688.21, "1ESY1336001560", false}};
  const std::filesystem::path folder = reference_data("meters/p1");
  if (!std::filesystem::exists(folder)) {
    std::cout << "skipped: no reference data at " << folder << std::endl;
    return;
  }
  for (const Expected& one : expected) {
    INFO(one.file);
    const Bytes file = octets_of_file(folder / (one.file + ".txt"));
    const std::vector<Bytes> telegrams = framed<P1Framer>(file);
    REQUIRE(telegrams.size() == 1);
    const Result<P1Telegram, TelegramError> telegram = parse_p1(telegrams[0]);
    REQUIRE(telegram);
    CHECK((telegram->protection == P1Protection::crc16) == one.is_protected);
    const TelegramReading result = p1_reading(*telegram);
    CHECK(result.identity.serial == one.serial);
    CHECK(result.reading.energy_import() == one.imported);
    CHECK(result.reading.energy_export() == one.exported);
    CHECK(result.reading.power_w() == one.power_w);
    if (one.is_protected) CHECK(check_every_flip<P1Framer>(file, parse_p1) == 0);
    for (std::size_t size = 0; size < telegrams[0].size(); ++size) {
      REQUIRE_FALSE(parse_p1(ByteView(telegrams[0]).first(size)));
    }
  }
}

}  // namespace commonwatt
