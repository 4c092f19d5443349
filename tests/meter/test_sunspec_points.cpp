#include <array>
#include <bit>
#include <iostream>
#include <limits>
#include <random>

#include <doctest/doctest.h>

#include "meter/sunspec_points.hpp"

using namespace commonwatt;

namespace {

using Words = std::vector<std::uint16_t>;
using Type = SunSpecType;

const SunSpecRaw absent{};
SunSpecRaw natural(std::uint64_t value) {
  return value;
}
SunSpecRaw integer(std::int64_t value) {
  return value;
}
SunSpecRaw text(std::string value) {
  return value;
}

/// A model that is as long as its layout, all registers 0.
Words blank(std::uint16_t id, std::uint16_t length) {
  Words words(std::size_t{2} + length, 0);
  words[0] = id;
  words[1] = length;
  return words;
}

SunSpecPoint point_of(const Words& words, std::string_view name) {
  const std::vector<SunSpecPoint> points = decode_sunspec_points(words);
  const SunSpecPoint* const found = find_sunspec_point(points, name);
  REQUIRE(found != nullptr);
  return *found;
}

bool has(const Words& words, std::string_view name) {
  return find_sunspec_point(decode_sunspec_points(words), name) != nullptr;
}

}  // namespace

TEST_CASE("signed integers are two's complement, and their most negative number is absent") {
  CHECK(sunspec_raw(Type::int16, Words{0xFFFE}) == integer(-2));
  CHECK(sunspec_raw(Type::int16, Words{0x8001}) == integer(-32767));
  CHECK(sunspec_raw(Type::int16, Words{0x8000}) == absent);
  CHECK(sunspec_raw(Type::sunssf, Words{0xFFF6}) == integer(-10));
  CHECK(sunspec_raw(Type::sunssf, Words{0x8000}) == absent);
  CHECK(sunspec_raw(Type::int32, Words{0xFFFF, 0xFFFF}) == integer(-1));
  CHECK(sunspec_raw(Type::int32, Words{0x7FFF, 0xFFFF}) == integer(std::numeric_limits<std::int32_t>::max()));
  CHECK(sunspec_raw(Type::int32, Words{0x8000, 0}) == absent);
  CHECK(sunspec_raw(Type::int64, Words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFD}) == integer(-3));
  CHECK(sunspec_raw(Type::int64, Words{0x8000, 0, 0, 0}) == absent);
}

TEST_CASE("of unsigned integers, enumerations, bit fields and counts all ones are absent") {
  for (const Type type : {Type::uint16, Type::enum16, Type::bitfield16, Type::count}) {
    CHECK(sunspec_raw(type, Words{0}) == natural(0));
    CHECK(sunspec_raw(type, Words{0xFFFE}) == natural(65534));
    CHECK(sunspec_raw(type, Words{0xFFFF}) == absent);
  }
  for (const Type type : {Type::uint32, Type::enum32, Type::bitfield32}) {
    CHECK(sunspec_raw(type, Words{0x0001, 0x0002}) == natural(65538));
    CHECK(sunspec_raw(type, Words{0xFFFF, 0xFFFE}) == natural(0xFFFFFFFE));
    CHECK(sunspec_raw(type, Words{0xFFFF, 0xFFFF}) == absent);
  }
  CHECK(sunspec_raw(Type::uint64, Words{0, 1, 2, 3}) == natural(0x0001'0002'0003));
  CHECK(sunspec_raw(Type::uint64, Words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE}) == natural(0xFFFFFFFFFFFFFFFE));
  CHECK(sunspec_raw(Type::uint64, Words{0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF}) == absent);
}

TEST_CASE("an accumulator is absent at 0 and nowhere else, and a pad never is") {
  CHECK(sunspec_raw(Type::acc16, Words{0}) == absent);
  CHECK(sunspec_raw(Type::acc16, Words{0xFFFF}) == natural(0xFFFF));
  CHECK(sunspec_raw(Type::acc32, Words{0, 0}) == absent);
  CHECK(sunspec_raw(Type::acc32, Words{0x0001, 0}) == natural(65536));
  CHECK(sunspec_raw(Type::acc64, Words{0, 0, 0, 0}) == absent);
  CHECK(sunspec_raw(Type::acc64, Words{0x8000, 0, 0, 0}) == natural(0x8000000000000000));
  CHECK(sunspec_raw(Type::pad, Words{0x8000}) == natural(0x8000));
}

TEST_CASE("every NaN is an absent float, and an infinite one has no value") {
  CHECK(sunspec_raw(Type::float32, Words{0x4640, 0xE400}) == SunSpecRaw{12345.0});
  CHECK(sunspec_raw(Type::float32, Words{0x7FC0, 0}) == absent);
  CHECK(sunspec_raw(Type::float32, Words{0xFFFF, 0xFFFF}) == absent);
  CHECK(sunspec_raw(Type::float64, Words{0xBFF8, 0, 0, 0}) == SunSpecRaw{-1.5});
  CHECK(sunspec_raw(Type::float64, Words{0x7FF8, 0, 0, 0}) == absent);
  Words inverter = blank(113, 60);
  inverter[22] = 0x7F80;
  CHECK(point_of(inverter, "W").raw == SunSpecRaw{std::numeric_limits<double>::infinity()});
  CHECK_FALSE(point_of(inverter, "W").value);
}

TEST_CASE("texts end at their NUL, keep their blanks, and are absent when there is nothing else") {
  CHECK(sunspec_raw(Type::string, Words{0x4142, 0x4320, 0x0044}) == text("ABC "));
  CHECK(sunspec_raw(Type::string, Words{0x41C3, 0xBC07}) == text("A???"));
  CHECK(sunspec_raw(Type::string, Words{0, 0}) == absent);
  CHECK(sunspec_raw(Type::string, Words{0x2020, 0x2020}) == absent);
  CHECK(sunspec_raw(Type::string, Words{0x0041, 0x4242}) == absent);
}

TEST_CASE("addresses are texts") {
  CHECK(sunspec_raw(Type::ipaddr, Words{0xC0A8, 0x0001}) == text("192.168.0.1"));
  CHECK(sunspec_raw(Type::ipaddr, Words{0, 0}) == absent);
  CHECK(sunspec_raw(Type::ipv6addr, Words{0xFE80, 0, 0, 0, 0, 0, 0, 0x1A}) ==
        text("fe80:0000:0000:0000:0000:0000:0000:001a"));
  CHECK(sunspec_raw(Type::ipv6addr, Words(8, 0)) == absent);
  CHECK(sunspec_raw(Type::eui48, Words{0, 0x0040, 0xAD12, 0x34FE}) == text("00:40:ad:12:34:fe"));
  CHECK(sunspec_raw(Type::eui48, Words{0, 0xFFFF, 0xFFFF, 0xFFFF}) == absent);
}

TEST_CASE("a value is its raw number times its scale factor, and absent without a valid one") {
  Words inverter = blank(103, 50);
  inverter[14] = 0xFFFD;
  struct Case {
    std::uint16_t scale = 0;
    std::optional<double> value;
  };
  for (const auto& [scale, value] :
       {Case{0, -3.0}, Case{1, -30.0}, Case{10, -3e10}, Case{0xFFFF, -0.3}, Case{0xFFF6, -3e-10}, Case{11, {}},
        Case{0xFFF5, {}}, Case{0x8000, {}}, Case{0x7FFF, {}}}) {
    inverter[15] = scale;
    CHECK(point_of(inverter, "W").raw == integer(-3));
    CHECK(point_of(inverter, "W").value == value);
    CHECK(point_of(inverter, "W").exponent.has_value() == value.has_value());
  }
  inverter[15] = 0;
  inverter[14] = 0x8000;
  CHECK_FALSE(point_of(inverter, "W").value);
}

TEST_CASE("a point without a scale factor is its raw number, and a power factor stays as the device states it") {
  Words inverter = blank(103, 50);
  inverter[22] = static_cast<std::uint16_t>(-9987 & 0xFFFF);
  inverter[23] = 0xFFFE;
  inverter[38] = 4;
  CHECK(point_of(inverter, "St").value == 4.0);
  CHECK(point_of(inverter, "PF").value == -99.87);
}

TEST_CASE("a model shorter than it should be has the points that fit into it, and no scale factor behind its end") {
  Words meter = blank(204, 81);
  meter.resize(107);  // the registers behind are another model's
  CHECK(has(meter, "TotVArhImpQ2"));
  CHECK(point_of(meter, "TotVArhImpQ2").layout->type == Type::acc32);
  CHECK_FALSE(has(meter, "TotVArhImpQ2PhA"));  // cut off by the length
  CHECK_FALSE(point_of(meter, "TotVArhImpQ1").value);
  meter.resize(15);
  CHECK(has(meter, "PhVphCA"));
  CHECK_FALSE(point_of(meter, "PhVphCA").value);
  CHECK_FALSE(has(meter, "V_SF"));
  CHECK_FALSE(has(blank(1, 65), "Pad"));
  CHECK(has(blank(1, 66), "Pad"));
}

TEST_CASE("a model nobody knows has no points, nor have registers that are no model") {
  CHECK(decode_sunspec_points(blank(65230, 20)).empty());
  CHECK(decode_sunspec_points({}).empty());
  CHECK(decode_sunspec_points(Words{103}).empty());
  CHECK(decode_sunspec_points(Words{103, 50}).size() == 2);
  CHECK(sunspec_layout(0) == nullptr);
  CHECK(sunspec_layout(104) == nullptr);
}

TEST_CASE("the inputs of model 160 are as many as its length has room for, whatever it counts") {
  Words mppt = blank(160, 8 + 20 * 2 + 19);
  mppt[8] = 6;
  mppt[4] = 0xFFFE;
  mppt[10 + 20 + 11] = 1234;
  CHECK(point_of(mppt, "module[1].DCW").value == 12.34);
  CHECK(has(mppt, "module[1].DCEvt"));
  CHECK_FALSE(has(mppt, "module[2].ID"));
  CHECK_FALSE(has(blank(160, 8), "module[0].ID"));
}

TEST_CASE("curves have points of their own, as many of both as the model counts") {
  Words curves = blank(706, 13 + 2 * (5 + 3 * 2));
  curves[5] = 3;
  curves[6] = 2;
  curves[12] = 0xFFFF;
  curves[13] = 0;
  curves[15 + 11 + 5 + 4] = 1060;
  curves[15 + 11 + 5 + 5] = 0xFFF6;
  CHECK(point_of(curves, "Crv[1].Pt[2].V").value == 106.0);
  CHECK(point_of(curves, "Crv[1].Pt[2].W").value == -10.0);
  CHECK_FALSE(has(curves, "Crv[0].Pt[3].V"));
  CHECK_FALSE(has(curves, "Crv[2].ActPt"));
  curves[6] = 0xFFFE;  // more than there is room for
  CHECK(decode_sunspec_points(curves).back().name == "Crv[1].Pt[2].W");
  curves[6] = 0xFFFF;  // not implemented
  CHECK(decode_sunspec_points(curves).back().name == "RspTms_SF");
}

TEST_CASE("a group that is there once has a name without a number") {
  Words controls = blank(704, 65);
  controls[53] = 0xFFFD;
  controls[59] = 900;
  controls[65] = 1000;
  CHECK(point_of(controls, "PFWInj.PF").value == 0.9);
  CHECK(point_of(controls, "PFWAbsRvrt.PF").value == 1.0);
  CHECK(decode_sunspec_points(controls).back().name == "PFWAbsRvrt.Ext");
}

TEST_CASE("whatever the registers are, points are in order, do not overlap and lie within what was given and stated") {
  const unsigned seed = std::random_device{}();
  std::cout << "sunspec points: seed " << seed << std::endl;
  std::mt19937 random(seed);
  constexpr std::array<std::uint16_t, 12> ids{1, 103, 113, 124, 160, 203, 213, 701, 704, 706, 714, 802};
  for (int round = 0; round < 2000; ++round) {
    Words words(random() % 300);
    for (std::uint16_t& word : words) word = static_cast<std::uint16_t>(random() % 4 == 0 ? random() : random() % 8);
    if (words.size() >= 2) words[0] = ids[random() % ids.size()];
    if (words.size() >= 2) words[1] = static_cast<std::uint16_t>(random() % 320);
    std::size_t end = 0;
    for (const SunSpecPlace& place : sunspec_places(words)) {
      REQUIRE(place.offset == end);
      end = place.end();
      REQUIRE(end <= std::size_t{2} + words[1]);
    }
    const std::vector<SunSpecPoint> points = decode_sunspec_points(words);
    std::size_t registers = 0;
    for (const SunSpecPoint& point : points) registers += registers_of(*point.layout);
    REQUIRE(registers <= words.size());
  }
}
