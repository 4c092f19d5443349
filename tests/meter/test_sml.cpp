#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <sstream>

#include "meter/sml_reading.hpp"
#include "tests/campaign.hpp"
#include "tests/meter/reference_data.hpp"
#include "tests/meter/sml_writer.hpp"
#include "tests/meter/telegram_checks.hpp"

namespace commonwatt {
namespace {

constexpr ObisCode imported{.a = 1, .b = 0, .c = 1, .d = 8, .e = 0};
constexpr ObisCode exported{.a = 1, .b = 0, .c = 2, .d = 8, .e = 0};
constexpr ObisCode net_power{.a = 1, .b = 0, .c = 16, .d = 7, .e = 0};
constexpr ObisCode net_power_l2{.a = 1, .b = 0, .c = 56, .d = 7, .e = 0};
constexpr ObisCode power_magnitude{.a = 1, .b = 0, .c = 15, .d = 7, .e = 0};
constexpr int watt = 27;
constexpr int watt_hour = 30;

// Status words: the three voltages and the fixed 04; bits 11 and 13 are -A of the sum and of L2.
constexpr std::uint32_t importing = 0x1C0104;
constexpr std::uint32_t exporting = 0x1C2904;

void open_and(SmlWriter& writer) {
  writer.begin_message(0x101).list(6).absent().absent().text("file").octets(Bytes{7}).absent().absent().end_message();
}
void close(SmlWriter& writer) {
  writer.begin_message(0x201).list(1).absent().end_message();
}

/// A frame of these lines of values, each written by a call.
using Entry = std::function<void(SmlWriter&)>;
Bytes frame_of(const std::vector<Entry>& entries, SmlChecksum kind = SmlChecksum::x25) {
  SmlWriter writer(kind);
  open_and(writer);
  writer.begin_values(entries.size());
  for (const Entry& entry : entries) entry(writer);
  writer.end_values();
  close(writer);
  return writer.frame();
}

Entry number(const ObisCode& code, int unit, int scaler, unsigned width, std::int64_t value,
             std::optional<std::uint32_t> status = std::nullopt) {
  return
      [=](SmlWriter& writer) { writer.begin_entry(code, status, unit, scaler).signed_integer(width, value).absent(); };
}
Entry octets_of(const ObisCode& code, const Bytes& value) {
  return [=](SmlWriter& writer) { writer.begin_entry(code, std::nullopt, 0, 0).octets(value).absent(); };
}

Bytes sample() {
  return frame_of({octets_of({.a = 1, .b = 0, .c = 96, .d = 50, .e = 1, .f = 1}, {'A', 'B', 'C'}),
                   number(imported, watt_hour, -1, 5, 12'345'678'901, importing),
                   number(exported, watt_hour, -1, 3, 70'000), number(net_power, watt, -2, 3, 35624)});
}

TelegramReading reading_of(const Bytes& frame) {
  const Result<SmlTelegram, TelegramError> telegram = parse_sml(frame);
  const std::string why = telegram ? "" : to_text(telegram.error());
  INFO(why);
  REQUIRE(telegram);
  return sml_reading(*telegram);
}
const MeasuredValue& power_of(const DeviceReading& reading, Share share = Share::total) {
  const MeasuredValue* const value = reading.find({.measurand = Measurand::active_power, .share = share});
  REQUIRE(value != nullptr);
  return *value;
}

Bytes dzg_number(std::uint32_t number) {
  return {0x0A,
          1,
          'D',
          'Z',
          'G',
          0,
          static_cast<std::uint8_t>(number >> 24U),
          static_cast<std::uint8_t>(number >> 16U),
          static_cast<std::uint8_t>(number >> 8U),
          static_cast<std::uint8_t>(number)};
}
constexpr ObisCode serial_code{.a = 1, .b = 0, .c = 96, .d = 1, .e = 0};

Bytes joined(const std::vector<Bytes>& parts) {
  Bytes whole;
  for (const Bytes& part : parts) whole.insert(whole.end(), part.begin(), part.end());
  return whole;
}

/// A line of values as libsml's example program prints it: "1-0:1.8.0*255#17243675.6#Wh".
std::string printed(const SmlEntry& entry) {
  std::ostringstream line;
  line << to_text(entry.code) << '#';
  if (const auto* const octets = std::get_if<Bytes>(&entry.value)) {
    const bool is_text =
        std::all_of(octets->begin(), octets->end(), [](int octet) { return octet >= 32 && octet < 127; });
    for (const std::uint8_t octet : *octets) {
      is_text ? line << static_cast<char>(octet) : line << to_hex(Bytes{octet}) << ' ';
    }
    line << '#';
  } else {
    const int scaler = entry.scaler.value_or(0);
    const Decimal value{std::get<SmlInteger>(entry.value).value().value(), scaler};
    line.setf(std::ios::fixed);
    line.precision(std::max(0, -scaler));
    line << value.as_double() << '#' << (entry.unit == watt_hour ? "Wh" : entry.unit == watt ? "W" : "V");
  }
  return line.str();
}

std::vector<std::string> lines_of(const std::filesystem::path& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

}  // namespace

TEST_CASE("the checksums are CRC-16/X-25, low octet first, and CRC-16/KERMIT, high octet first") {
  CHECK(sml_checksum(as_bytes("123456789"), SmlChecksum::x25) == 0x6E90);
  CHECK(sml_checksum(as_bytes("123456789"), SmlChecksum::kermit) == 0x2189);
}

TEST_CASE("a frame reads as what the meter shows") {
  const TelegramReading result = reading_of(sample());
  CHECK(result.identity == DeviceIdentity{.maker = "ABC", .model = "", .serial = "1ABC0200000042"});
  CHECK_FALSE(result.meter_clock);  // it knows its seconds of operation only
  const DeviceReading& reading = result.reading;
  CHECK(reading.energy_import() == Energy{1'234'567'890});
  CHECK(reading.find({.measurand = Measurand::energy_import})->value == 1'234'567'890.1);
  CHECK(reading.find({.measurand = Measurand::energy_import})->quantum == 0.1);
  CHECK(reading.energy_export() == Energy{7000});
  CHECK(reading.power_w() == 356.24);
  CHECK(power_of(reading).quality == Quality::good);
  CHECK(reading.quality == Quality::good);
  CHECK(reading.raw.at(0).octets == sample());
}

TEST_CASE("integers of every width from 1 to 8 octets are read, signed and unsigned") {
  for (unsigned width = 1; width <= 8; ++width) {
    const auto bits = static_cast<int>(8 * width);
    const std::int64_t most =
        width == 8 ? std::numeric_limits<std::int64_t>::max() : (std::int64_t{1} << (bits - 1)) - 1;
    for (const std::int64_t value : {most, -most, std::int64_t{-1}, std::int64_t{0}}) {
      const auto telegram = parse_sml(frame_of({number(net_power, watt, 0, width, value)}));
      REQUIRE(telegram);
      CHECK(std::get<SmlInteger>(telegram->entries[0].value).value() == value);
    }
    const std::uint64_t all = ~std::uint64_t{0} >> static_cast<unsigned>(64 - bits);
    const auto telegram = parse_sml(frame_of({[=](SmlWriter& writer) {
      writer.begin_entry(imported, std::nullopt, watt_hour, 0).unsigned_integer(width, all).absent();
    }}));
    REQUIRE(telegram);
    const SmlInteger integer = std::get<SmlInteger>(telegram->entries[0].value);
    CHECK(integer.bits == all);
    CHECK(integer.value().has_value() == (width < 8));
    CHECK(sml_reading(*telegram).reading.energy_import().has_value() == (width < 8));
  }
}

TEST_CASE("a scaler gives the quantum: whole kWh where the owner has not entered the PIN") {
  const DeviceReading reading = reading_of(frame_of({number(imported, watt_hour, 3, 2, 2043)})).reading;
  CHECK(reading.energy_import() == Energy{2'043'000});
  CHECK(reading.find({.measurand = Measurand::energy_import})->quantum == 1000);
  const DeviceReading absurd = reading_of(frame_of({number(imported, watt_hour, 100, 2, 2043)})).reading;
  CHECK(absurd.find({.measurand = Measurand::energy_import})->quality == Quality::missing);
}

TEST_CASE("a register without a value is missing, not zero") {
  const DeviceReading reading = reading_of(frame_of({[](SmlWriter& writer) {
                                  writer.begin_entry(imported, std::nullopt, watt_hour, -1).absent().absent();
                                }})).reading;
  CHECK(reading.find({.measurand = Measurand::energy_import})->quality == Quality::missing);
  CHECK(reading.quality == Quality::missing);
}

TEST_CASE("lists of more than 15 lines, long strings and values of other kinds are read") {
  std::vector<Entry> entries;
  for (std::uint8_t i = 0; i < 30; ++i) {
    entries.push_back(octets_of({.a = 129, .b = 129, .c = 199, .d = 130, .e = i}, Bytes(48, i)));
  }
  entries.emplace_back([](SmlWriter& writer) {
    writer.begin_entry({.a = 1, .b = 0, .c = 97}, std::nullopt, 0, 0).raw(Bytes{0x42, 1}).absent();
  });
  entries.emplace_back([](SmlWriter& writer) {
    writer.begin_entry({.a = 1, .b = 0, .c = 98}, std::nullopt, 0, 0).list(2).text("a").list(1).text("b").absent();
  });
  const auto telegram = parse_sml(frame_of(entries));
  REQUIRE(telegram);
  CHECK(telegram->entries.size() == 32);
  CHECK(std::get<Bytes>(telegram->entries[29].value) == Bytes(48, 29));
  CHECK(std::get<bool>(telegram->entries[30].value));
  CHECK(std::holds_alternative<std::monostate>(telegram->entries[31].value));
}

TEST_CASE("the meter's clock is known when it states a timestamp") {
  SmlWriter writer;
  writer.begin_message(0x701).list(7).absent().octets(Bytes{1, 2}).absent();
  writer.list(2).unsigned_integer(1, 2).unsigned_integer(4, 1'800'000'000).list(0).end_values();
  const TelegramReading result = reading_of(writer.frame());
  CHECK(result.meter_clock == UtcTime::from_seconds(1'800'000'000));
  CHECK(result.identity.serial == "0102");
}

TEST_CASE("Holley meters state a time without its list and use the other checksum") {
  SmlWriter writer(SmlChecksum::kermit);
  open_and(writer);
  writer.begin_message(0x701).list(7).absent().octets(Bytes{1}).absent().unsigned_integer(4, 99).list(1);
  number(imported, watt_hour, -1, 4, 55)(writer);
  writer.end_values();
  CHECK(reading_of(writer.frame()).reading.energy_import() == Energy{5});
}

TEST_CASE("the messages of a frame have one kind of checksum") {
  SmlWriter mixed;
  open_and(mixed);
  SmlWriter other(SmlChecksum::kermit);
  other.begin_values(0).end_values();
  const Bytes frame = other.frame();
  const Bytes start{0x1B, 0x1B, 0x1B, 0x1B};
  const std::size_t fill = frame[frame.size() - 3];
  mixed.raw(ByteView(frame).subspan(8, frame.size() - 16 - fill));
  CHECK(parse_sml(frame));
  const auto refused = parse_sml(mixed.frame());
  REQUIRE_FALSE(refused);
  CHECK(refused.error().what == "the checksum is not that of the message");
}

TEST_CASE("four octets 1B within a value are escaped, and come back") {
  for (std::size_t count = 1; count <= 13; ++count) {
    const Bytes value(count, 0x1B);
    const Bytes frame = frame_of({octets_of({.a = 129, .b = 129}, value)});
    CHECK(framed<SmlFramer>(frame) == std::vector<Bytes>{frame});
    const auto telegram = parse_sml(frame);
    REQUIRE(telegram);
    CHECK(std::get<Bytes>(telegram->entries[0].value) == value);
  }
}

TEST_CASE("a power that contradicts the status is suspect") {
  const auto quality = [](std::int64_t power, std::uint32_t status) {
    const std::vector<Entry> entries{number(imported, watt_hour, -1, 4, 5, status),
                                     number(net_power, watt, -2, 2, power)};
    return power_of(reading_of(frame_of(entries)).reading).quality;
  };
  CHECK(quality(100, importing) == Quality::good);
  CHECK(quality(-100, exporting) == Quality::good);
  CHECK(quality(100, exporting) == Quality::suspect);
  CHECK(quality(-100, importing) == Quality::suspect);
  CHECK(quality(0, exporting) == Quality::good);
  CHECK(quality(-100, 0x1A2) == Quality::good);  // the older status word, bit 5
  CHECK(quality(-100, 0x182) == Quality::suspect);
  CHECK(quality(-100, 0x003) == Quality::good);  // no status word that is known
}

TEST_CASE("a magnitude of power has the sign of the status, and is suspect without one") {
  const auto power = [](std::optional<std::uint32_t> status) {
    return power_of(reading_of(frame_of({number(imported, watt_hour, -1, 4, 5, status),
                                         number(power_magnitude, watt, -1, 2, 1266)}))
                        .reading);
  };
  CHECK(power(0x182).value == 126.6);
  CHECK(power(0x182).quality == Quality::good);
  CHECK(power(0x1B0).value == -126.6);
  CHECK(power(0x1B0).quality == Quality::good);
  CHECK(power(std::nullopt).value == 126.6);
  CHECK(power(std::nullopt).quality == Quality::suspect);
  const DeviceReading both =
      reading_of(frame_of({number(power_magnitude, watt, 0, 2, 7), number(net_power, watt, 0, 2, -7)})).reading;
  CHECK(both.power_w() == -7);
}

TEST_CASE("the lowest integer, which has no negative, is no measurement") {
  const std::int64_t lowest = std::numeric_limits<std::int64_t>::min();
  const ObisCode out{.a = 1, .b = 0, .c = 2, .d = 7, .e = 0};
  CHECK_FALSE(reading_of(frame_of({number(out, watt, 0, 8, lowest)})).reading.power_w());
}

TEST_CASE("an escape that means nothing ends the frame it is in") {
  SmlFramer framer;
  framer.take(Bytes{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1, 0x76, 0x1B, 0x1B, 0x1B, 0x1B, 2, 2, 2, 2});
  CHECK(framer.dropped() == 1);
  CHECK(framer.buffered() == 0);
}

TEST_CASE("a DZG DVS74 that imports and shows a negative power has put it into too narrow a field") {
  const auto reading = [](std::uint32_t meter, std::optional<std::uint32_t> status) {
    return reading_of(
        frame_of({octets_of(serial_code, dzg_number(meter)), number(imported, watt_hour, -1, 4, 5, status),
                  number(net_power, watt, -2, 2, -29912), number(net_power_l2, watt, -2, 1, -1)}));
  };
  CHECK(reading(42'000'001, importing).identity.serial == "1DZG0042000001");
  CHECK(reading(42'000'001, importing).identity.maker == "DZG");
  const DeviceReading importer = reading(42'000'001, importing).reading;
  CHECK(power_of(importer).value == 356.24);
  CHECK(power_of(importer).quality == Quality::good);
  CHECK(power_of(importer, Share::l2).value == 2.55);
  const DeviceReading exporter = reading(55'000'000, exporting).reading;
  CHECK(power_of(exporter).value == -299.12);
  CHECK(power_of(exporter).quality == Quality::good);
  CHECK(power_of(exporter, Share::l2).value == -0.01);
  const DeviceReading silent = reading(48'999'999, std::nullopt).reading;
  CHECK(power_of(silent).value == -299.12);
  CHECK(power_of(silent).quality == Quality::suspect);
  const DeviceReading mixed = reading(42'000'001, 0x1C2104).reading;  // in all it imports, in L2 it exports
  CHECK(power_of(mixed).value == 356.24);
  CHECK(power_of(mixed, Share::l2).value == -0.01);
  const DeviceReading wide =
      reading_of(frame_of({octets_of(serial_code, dzg_number(42'000'001)),
                           number(imported, watt_hour, -1, 4, 5, importing), number(net_power, watt, -2, 4, -29912)}))
          .reading;
  CHECK(power_of(wide).value == -299.12);
  CHECK(power_of(wide).quality == Quality::suspect);
  const DeviceReading repaired = reading(60'000'000, importing).reading;
  CHECK(power_of(repaired).value == -299.12);
  CHECK(power_of(repaired).quality == Quality::suspect);
}

TEST_CASE("what is not exactly a list of values is refused") {
  const auto refused = [](const SmlWriter& writer) {
    const auto telegram = parse_sml(writer.frame());
    return telegram ? std::string() : telegram.error().what;
  };
  SmlWriter nothing;
  open_and(nothing);
  CHECK(refused(nothing) == "there is no list of values");
  CHECK(refused(SmlWriter{}) == "there is no list of values");

  SmlWriter twice;
  twice.begin_values(0).end_values().begin_values(0).end_values();
  CHECK(refused(twice) == "a second list of values");

  SmlWriter again;
  again.begin_values(2);
  number(imported, watt_hour, 0, 1, 1)(again);
  number(imported, watt_hour, 0, 1, 2)(again);
  CHECK(refused(again.end_values()) == "1-0:1.8.0*255 has occurred before");

  SmlWriter deep;
  deep.begin_message(0x123);
  for (int i = 0; i < 20; ++i) deep.list(1);
  CHECK(refused(deep.absent().end_message()) == "lists within lists without end");

  const std::map<std::string, Bytes> bodies{{"the data ends within a message", {0x72, 0x01}},
                                            {"a length that cannot be", {0x0E, 1, 2}},
                                            {"a field of an unknown type", {0x32, 1}},
                                            {"a length of more than two octets", {0x81, 0x81, 1}}};
  for (const auto& [what, body] : bodies) CHECK(refused(SmlWriter{}.begin_message(0x123).raw(body)) == what);
  CHECK(refused(SmlWriter{}.begin_message(0x123).raw(Bytes{0x6A, 1, 2, 3, 4, 5, 6, 7, 8, 9})) ==
        "a field of an unknown type");  // nine octets wide

  SmlWriter garbage;
  garbage.begin_values(0).end_values().raw(Bytes{0x00, 0x00});
  CHECK_FALSE(refused(garbage).empty());
}

TEST_CASE("an envelope that is not exact is refused even with the right checksum") {
  // What is said against the sample after a change of its octets, with its checksum made right again.
  const auto refused = [](const std::function<void(Bytes&)>& change) {
    Bytes frame = sample();
    frame.erase(frame.end() - 2, frame.end());
    change(frame);
    const std::uint16_t crc = sml_checksum(frame, SmlChecksum::x25);
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    const Result<SmlTelegram, TelegramError> telegram = parse_sml(frame);
    return telegram ? std::string() : telegram.error().what;
  };
  const std::size_t fill = sample()[sample().size() - 3];
  REQUIRE(fill > 0);
  const auto before_end = [](Bytes& frame) { return frame.end() - 6; };
  CHECK(refused([](Bytes&) {}).empty());
  CHECK(refused([](Bytes& frame) { frame.back() = 4; }) == "more fill than there can be");
  CHECK(refused([&](Bytes& frame) { *(before_end(frame) - 1) = 1; }) == "fill that is not zero");
  CHECK(refused([&](Bytes& frame) { frame.insert(before_end(frame), 0); }) == "the length is not that of a frame");
  CHECK(refused([&](Bytes& frame) {
          frame.insert(frame.begin() + 8, {0x1B, 0x1B, 0x1B, 0x1B, 2, 2, 2, 2});
        }) == "an escape that means nothing");
}

TEST_CASE("no truncated and no damaged frame is accepted") {
  const Bytes frame = sample();
  for (std::size_t size = 0; size < frame.size(); ++size) {
    REQUIRE_FALSE(parse_sml(ByteView(frame).first(size)));
    REQUIRE(framed<SmlFramer>(ByteView(frame).first(size)).empty());
  }
  Bytes damaged = frame;
  for (std::size_t bit = 0; bit < frame.size() * 8; ++bit) {
    damaged[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    INFO("bit ", bit % 8, " of octet ", bit / 8);
    REQUIRE_FALSE(parse_sml(damaged));
    damaged[bit / 8] = frame[bit / 8];
  }
}

TEST_CASE("a flipped bit takes the frame it hits and no other") {
  const Bytes noise{0x1B, 0x1B, 0x1B, 0x1B, 0x1B, 0x1B, 0x00};
  const std::size_t harmless = check_every_flip<SmlFramer>(joined({noise, sample(), sample(), sample()}), parse_sml);
  CHECK(harmless == 8 * noise.size());
}

TEST_CASE("a frame cut off at any octet does not take the next one with it") {
  const Bytes frame = sample();
  for (std::size_t size = 8; size < frame.size(); ++size) {
    SmlFramer framer;
    framer.take(ByteView(frame).first(size));
    const std::vector<Bytes> frames = framer.take(frame);
    CHECK(accepted(frames, parse_sml) == std::vector<Bytes>{frame});
    // Cut off within its checksum, the first looks complete and is refused.
    CHECK(framer.dropped() + frames.size() == 2);
  }
}

TEST_CASE("frames are the same in whatever pieces they arrive") {
  const std::uint64_t seed = test::seed(1);
  CAPTURE(seed);
  const Bytes escaped = frame_of({octets_of({.a = 129, .b = 129}, Bytes(9, 0x1B))});
  const Bytes stream = joined({{0x1B, 0x1B}, sample(), {0x1B, 0x1B, 0x1B}, escaped, sample(), {0x1A}});
  const std::vector<Bytes> whole = framed<SmlFramer>(stream);
  REQUIRE(whole == std::vector<Bytes>{sample(), escaped, sample()});
  std::mt19937_64 random(seed);
  for (const std::size_t piece_max : {1U, 2U, 7U, 100U}) {
    for (std::uint64_t round = 0; round < test::cases(50); ++round) {
      REQUIRE(framed_in_pieces<SmlFramer>(stream, random, piece_max) == whole);
    }
  }
}

TEST_CASE("a frame without end is given up") {
  SmlFramer framer;
  Bytes stream{0x1B, 0x1B, 0x1B, 0x1B, 1, 1, 1, 1};
  stream.resize(3 * sml_frame_max, 0x77);
  CHECK(framer.take(stream).empty());
  CHECK(framer.dropped() == 1);
  CHECK(framer.buffered() == 0);
  CHECK(framer.take(sample()).size() == 1);
}

TEST_CASE("real meters' frames read as an independent decoder reads them") {
  struct Expected {
    std::string file;
    std::size_t frames;  // whole ones
    const char* serial;
    std::int64_t energy_import;  // of the last frame
    std::optional<double> power_w;
  };
  // In the second file octets are missing from every frame: nothing of it can be used. The power of the first is 356.24
  // W, as its owner knows; the one of the ED300L flows out.
  const std::vector<Expected> expected{
      {"DZG_DVS-7412.2_jmberg", 1, "1DZG0042082910", 5'430'157, 356.24},
      {"DZG_DVS-7420.2V.G2_mtr1_error", 0, "", 0, std::nullopt},
      {"EMH-ED300L_delivery", 2, "06454d4801027156cd45", 17'243'675, -126.5},
      {"EMH_eHZ-GW8E2A500AK2", 16, "0002280816", 14'800'125, std::nullopt},
      {"EasyMeter_Q3A_A1064V1009", 4, "1ESY1162232997", 2'941'647, std::nullopt},
      {"HOLLEY_DTZ541-BDBA_with_PIN", 2, "1HLY0200879590", 2'355'929, 374},
      {"ISKRA_MT175_eHZ", 10, "1ISK0067362659", 22'462'414, 169},
      {"ISKRA_MT631-D1A52-K0z-H01_without_PIN", 5, "1ISK0075126084", 2'043'000, std::nullopt},
      {"ITRON_OpenWay-3.HZ_with_PIN", 5, "1ITR0055046208", 25'892'776, 542},
      {"dzg_dwsb20_2th_2byte", 15, "1DZG0040051478", 142'439, std::nullopt}};
  const std::filesystem::path folder = reference_data("meters/sml");
  if (!std::filesystem::exists(folder)) {
    std::cout << "skipped: no reference data at " << folder << std::endl;
    return;
  }
  for (const Expected& one : expected) {
    INFO(one.file);
    const Bytes file = octets_of_file(folder / (one.file + ".bin"));
    std::vector<std::string> lines;
    std::optional<TelegramReading> last;
    const std::vector<Bytes> frames = accepted(framed<SmlFramer>(file), parse_sml);
    CHECK(frames.size() == one.frames);
    for (const Bytes& frame : frames) {
      const Result<SmlTelegram, TelegramError> telegram = parse_sml(frame);
      for (const SmlEntry& entry : telegram->entries) lines.push_back(printed(entry));
      last = sml_reading(*telegram);
      CHECK(last->reading.quality == Quality::good);
    }
    // The decoder gives up a file at its first broken frame, and so may see fewer.
    const std::vector<std::string> decoded = lines_of(folder / (one.file + ".libsml.txt"));
    REQUIRE(decoded.size() <= lines.size());
    lines.resize(decoded.size());
    CHECK(lines == decoded);
    if (!last) continue;
    CHECK(last->identity.serial == one.serial);
    CHECK(last->reading.energy_import() == Energy{one.energy_import});
    if (one.power_w) CHECK(last->reading.power_w() == one.power_w);
    const std::vector<Bytes> few(frames.begin(), frames.begin() + std::min<std::ptrdiff_t>(2, std::ssize(frames)));
    CHECK(check_every_flip<SmlFramer>(joined(few), parse_sml) == 0);
  }
}

}  // namespace commonwatt
