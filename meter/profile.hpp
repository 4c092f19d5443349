// Device profiles: what a Modbus meter or inverter keeps in which register, as a TOML file per device. A profile says
// everything a reader must know and holds no logic, so that an installer can write one from the maker's manual.
// meter/profiles/ holds those that come with the program; docs/device-profiles.md explains every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "meter/quantity.hpp"

namespace commonwatt {

/// digits x 10^exponent, exactly.
struct Scale {
  std::int64_t digits = 1;
  int exponent = 0;
  friend bool operator==(const Scale&, const Scale&) = default;
};
/// The shortest decimal that reads back as `value`: what was written, for anything of up to 15 digits. Absent when it
/// is not finite or its exponent is beyond +-30.
std::optional<Scale> scale_from(double value);
double to_double(Scale decimal);

/// A unit as manuals write it: "kWh" is 10^3 "Wh".
struct ProfileUnit {
  const char* base = "";
  int exponent = 0;
};
std::optional<ProfileUnit> profile_unit(std::string_view text);

enum class RegisterType : std::uint8_t { u16, i16, u32, i32, u64, i64, f32, f64 };
constexpr RegisterType enum_last(RegisterType) {
  return RegisterType::f64;
}
const char* to_text(RegisterType type);
/// How many registers it takes: 1, 2 or 4.
std::uint16_t width_of(RegisterType type);
bool is_float(RegisterType type);

/// Which word of a value of several registers comes first: `big` the most significant.
enum class WordOrder : std::uint8_t { big, little };
/// What a register's own sign means in the convention of Measurand.
enum class RegisterSign : std::uint8_t { same, inverted };
/// Whether a register is all of its quantity or one of several that add up to it.
enum class Term : std::uint8_t {
  none,
  needed,    // without it there is no sum
  optional,  // left out when the device has no value for it: an unused string of panels
};
/// How a register of energy counts.
enum class CounterWidth : std::uint8_t { bits16, bits32, bits64, floating };

/// Both ends included.
struct ValueRange {
  double low = 0;
  double high = 0;
};

/// A magnitude whose direction stands in another register of the same block, as bits.
struct DirectionBits {
  std::uint16_t address = 0;
  std::uint16_t positive = 0;  // any of these: positive in the convention of Measurand
  std::uint16_t negative = 0;
};

/// One quantity in one place. Figures are in the canonical unit, unit_of(), whatever the file writes.
struct ProfileRegister {
  MeasuredQuantity quantity = {};
  std::uint16_t address = 0;  // 0-based, as on the wire
  RegisterType type = RegisterType::u16;
  WordOrder order = WordOrder::big;
  std::string unit = {};  // as the file writes it
  Scale scale = {};       // raw x scale is the value
  std::optional<RegisterSign> sign = std::nullopt;
  std::optional<DirectionBits> direction = std::nullopt;
  std::optional<CounterWidth> counter = std::nullopt;
  std::optional<double> counter_max = std::nullopt;  // the most it can show; above it a value is missing
  std::optional<double> quantum = std::nullopt;      // its step where that is coarser than the scale
  std::optional<ValueRange> range = std::nullopt;    // a value outside is suspect
  std::vector<std::uint64_t> absent = {};            // raw values that mean "there is none"
  Term term = Term::none;
  /// Of a signed power of ten, -10..10, to multiply with.
  std::optional<std::uint16_t> scale_factor_address = std::nullopt;
  int line = 0;
};

/// How often a block is worth asking for.
enum class BlockRole : std::uint8_t {
  fast,    // every poll: powers
  energy,  // before a settlement: counters
  slow,    // now and then: what nobody decides by
  once,    // when the connection is new: nameplates
};

/// Registers that come from one request, and so from one moment.
struct ProfileBlock {
  std::string name = {};
  std::uint8_t function = 3;  // 3 holding registers, 4 input registers
  std::uint16_t start = 0;
  std::uint16_t count = 0;
  /// Where it is not that of the transport: the plant behind an inverter.
  std::optional<std::uint8_t> unit = std::nullopt;
  BlockRole role = BlockRole::fast;
  std::vector<ProfileRegister> registers = {};
  int line = 0;
};

enum class IdentityType : std::uint8_t { u16, u32, text };
/// A place that tells which device this is.
struct IdentityRegister {
  std::uint8_t function = 3;
  std::uint16_t address = 0;
  std::uint16_t count = 1;
  IdentityType type = IdentityType::u16;
  WordOrder order = WordOrder::big;
  std::vector<std::int64_t> equals = {};   // any of these
  std::vector<std::string> prefixes = {};  // of a text: any of these
  int line = 0;
};

struct ProfileIdentity {
  std::vector<IdentityRegister> match = {};               // all of them
  std::optional<IdentityRegister> serial = std::nullopt;  // a device may refuse it
  std::vector<MeasuredQuantity> plausible = {};           // whose ranges must hold before anything is believed
  int line = 0;
};

struct ProfileTransport {
  std::uint8_t unit = 1;
  std::uint16_t port = 502;
  std::optional<int> baud = std::nullopt;  // as delivered; absent: TCP only, or not known
  char parity = 'N';
  int stop_bits = 1;
  std::chrono::milliseconds timeout{1000};
  std::chrono::milliseconds gap{0};            // silence between an answer and the next request
  std::chrono::milliseconds connect_delay{0};  // silence after connecting
  std::uint16_t registers_max = 125;           // in one request
  std::uint16_t hole_max = 16;                 // unused registers in a row inside a block
  std::uint16_t connections_max = 0;           // 0: no limit known
  std::uint8_t write_function = 16;
  /// Modbus exceptions that mean "not now" of this device, to be asked again, not "never".
  std::vector<std::uint8_t> busy_exceptions = {5, 6};
};

enum class ProfileKind : std::uint8_t { meter, inverter, hybrid, battery };
/// Whether import and export are counted after the phases were added up or for each phase: a `phase` meter counts both
/// ways at once when one phase feeds in what another takes.
enum class Netting : std::uint8_t { sum, phase, unknown };

/// A register that steers the device, or shows how it is steered. Nothing writes it yet.
struct ProfileControl {
  std::string name = {};
  std::uint8_t function = 16;                       // 6 or 16 to write, 3 or 4 to read it back
  std::optional<std::uint8_t> unit = std::nullopt;  // as of a block
  std::uint16_t address = 0;
  RegisterType type = RegisterType::u16;
  WordOrder order = WordOrder::big;
  double scale = 1;  // raw x scale is what the source of the map works with
  std::optional<ValueRange> range = std::nullopt;
  std::string note = {};
  int line = 0;
};

/// Registers and what they must decode to.
struct ProfileTest {
  std::map<std::uint16_t, std::vector<std::uint16_t>> words = {};  // by address; the rest is 0
  struct Expectation {
    MeasuredQuantity quantity;
    std::optional<double> value;  // canonical unit; absent: missing
    int line = 0;
  };
  std::vector<Expectation> expect = {};
  int line = 0;
};

struct Profile {
  std::string id = {};
  std::string maker = {};
  std::string model = {};
  std::vector<std::string> names = {};  // others it is sold under
  std::string source = {};              // where the facts are from, and their licence
  ProfileKind kind = ProfileKind::meter;
  Netting netting = Netting::unknown;
  ProfileTransport transport = {};
  ProfileIdentity identity = {};
  std::vector<ProfileBlock> blocks = {};
  std::vector<ProfileControl> controls = {};
  std::vector<ProfileTest> tests = {};
  std::string file = {};  // it was read from
};

/// "FILE:LINE:COLUMN: KEY: what is wrong and what would be right", one for each fault.
using ProfileFaults = std::vector<std::string>;

/// Reads a profile strictly: every unknown key and every value of the wrong kind is a fault, and all are found at once.
/// Whether the registers make sense together is lint_profile's question.
Result<Profile, ProfileFaults> parse_profile(std::string_view toml, std::string_view file_name);

}  // namespace commonwatt
