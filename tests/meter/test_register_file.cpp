#include <doctest/doctest.h>

#include "meter/register_file.hpp"

namespace commonwatt {

TEST_CASE("a register file is runs of words, comments and an optional table") {
  const auto file = parse_register_file(
      "# a meter\n40000: 5375 6E53 # SunS\n\n40002: 0001\r\n40010: FFFF\ninput 52: 43E6 0000\nholding 7: 00aB\n",
      "m.regs");
  REQUIRE(file);
  REQUIRE(file->holding.size() == 3);
  CHECK(file->holding[0].address == 7);
  CHECK(file->holding[0].words == std::vector<std::uint16_t>{0x00AB});
  CHECK(file->holding[1].words == std::vector<std::uint16_t>{0x5375, 0x6E53, 0x0001});
  CHECK(file->input[0].words == std::vector<std::uint16_t>{0x43E6, 0x0000});
}

TEST_CASE("a wrong register file says which line and why") {
  const auto refused = [](std::string_view text) {
    const auto file = parse_register_file(text, "m.regs");
    REQUIRE_FALSE(file);
    return file.error();
  };
  CHECK(refused("") == "m.regs: no registers: write lines like 40000: 5375 6E53");
  CHECK(refused("1: 0001\n2 0002") == "m.regs:2: \"2\" is not an address: write 40000: 5375 6E53");
  CHECK(refused("65536: 0001").starts_with("m.regs:1: \"65536:\" is not a wire address"));
  CHECK(refused("65535: 0001 0002") == "m.regs:1: the line goes beyond address 65535");
  CHECK(refused("1: 123").starts_with("m.regs:1: \"123\" is not a word"));
  CHECK(refused("1: 00G0").starts_with("m.regs:1: \"00G0\" is not a word"));
  CHECK(refused("1: 0001 0002\n2: 0003") == "m.regs:2: register 2 is given twice");
}

TEST_CASE("a device without input registers of its own shows its holding ones there") {
  const DeviceRegisters device = device_of(*parse_register_file("5: 0001", "m.regs"), 3);
  CHECK(device.images(3).size() == 1);
  CHECK(device.images(4).front().address == 5);
  const DeviceRegisters both = device_of(*parse_register_file("5: 0001\ninput 9: 0002", "m.regs"), 3);
  CHECK(both.images(4).front().address == 9);
}

}  // namespace commonwatt
