#include "meter/profile.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdlib>

#include "meter/profile_section.hpp"

namespace commonwatt {
namespace {

constexpr int exponent_max = 30;

struct UnitText {
  std::string_view text;
  ProfileUnit unit;
};
constexpr std::array<UnitText, 21> units{{
    {"", {"", 0}},          {"W", {"W", 0}},     {"kW", {"W", 3}},     {"MW", {"W", 6}},   {"VA", {"VA", 0}},
    {"kVA", {"VA", 3}},     {"var", {"var", 0}}, {"kvar", {"var", 3}}, {"V", {"V", 0}},    {"mV", {"V", -3}},
    {"kV", {"V", 3}},       {"A", {"A", 0}},     {"mA", {"A", -3}},    {"Hz", {"Hz", 0}},  {"deg", {"deg", 0}},
    {"%", {"%", 0}},        {"Wh", {"Wh", 0}},   {"kWh", {"Wh", 3}},   {"MWh", {"Wh", 6}}, {"varh", {"varh", 0}},
    {"kvarh", {"varh", 3}},
}};

constexpr std::array<const char*, 8> type_names{"u16", "i16", "u32", "i32", "u64", "i64", "f32", "f64"};
static_assert(type_names.size() == static_cast<std::size_t>(enum_last(RegisterType{})) + 1);

constexpr Bounds mask{1, 0xFFFF};

constexpr std::array<const char*, 2> order_names{"big", "little"};
constexpr std::array<const char*, 4> role_names{"fast", "energy", "slow", "once"};
constexpr std::array<const char*, 3> identity_types{"u16", "u32", "text"};
constexpr std::array<const char*, 3> parity_names{"none", "even", "odd"};
constexpr std::array<const char*, 4> counter_names{"16", "32", "64", "float"};

std::optional<std::uint64_t> from_hex_digits(std::string_view digits) {
  std::uint64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value, 16);
  if (digits.empty() || stop != end || error != std::errc{}) return std::nullopt;
  return value;
}

/// Returns the word order of every register that does not say otherwise.
WordOrder read_device(Section section, Profile& profile) {
  profile.id = section.text("id");
  profile.maker = section.text("maker");
  profile.model = section.text("model");
  profile.names = section.texts("names");
  profile.source = section.text("source");
  profile.kind = section.choice<ProfileKind>("kind", kind_names);
  profile.netting = section.choice<Netting>("netting", netting_names);
  const auto order = section.choice<WordOrder>("order", order_names);
  section.finish();
  return order;
}

void read_transport(Section section, ProfileTransport& transport) {
  using std::chrono::milliseconds;
  constexpr std::array<char, 3> parities{'N', 'E', 'O'};
  constexpr Bounds delay{0, 60'000};
  transport.unit = static_cast<std::uint8_t>(section.integer("unit", {0, 255}, transport.unit));
  transport.port = static_cast<std::uint16_t>(section.integer("port", {1, 65535}, transport.port));
  if (section.has("baud")) transport.baud = static_cast<int>(section.integer("baud", {300, 1'000'000}));
  transport.parity = parities[section.choice<std::size_t>("parity", parity_names, 0)];
  transport.stop_bits = static_cast<int>(section.integer("stop", {1, 2}, transport.stop_bits));
  transport.timeout = milliseconds{section.integer("timeout_ms", {10, 60'000}, transport.timeout.count())};
  transport.gap = milliseconds{section.integer("gap_ms", delay, 0)};
  transport.connect_delay = milliseconds{section.integer("connect_delay_ms", delay, 0)};
  transport.registers_max = static_cast<std::uint16_t>(section.integer("max_registers", {1, 125}, 125));
  transport.hole_max = static_cast<std::uint16_t>(section.integer("max_hole", {0, 124}, transport.hole_max));
  transport.connections_max = static_cast<std::uint16_t>(section.integer("max_connections", {1, 1000}, 0));
  transport.write_function = static_cast<std::uint8_t>(section.integer("write_fc", {6, 16}, 16));
  if (transport.write_function != 6 && transport.write_function != 16) section.fault("write_fc", "must be 6 or 16");
  if (section.has("busy_exceptions")) {
    transport.busy_exceptions.clear();
    for (const std::int64_t code : section.integers("busy_exceptions", {1, 255})) {
      transport.busy_exceptions.push_back(static_cast<std::uint8_t>(code));
    }
  }
  section.finish();
}

IdentityRegister read_identity_register(Section section, WordOrder order) {
  IdentityRegister place;
  place.line = section.line();
  place.function = static_cast<std::uint8_t>(section.integer("fc", {3, 4}));
  place.address = section.address("at");
  place.type = section.choice<IdentityType>("type", identity_types);
  place.order = section.choice<WordOrder>("order", order_names, order);
  place.count = place.type == IdentityType::u32 ? 2 : 1;
  if (place.type == IdentityType::text) {
    place.count = static_cast<std::uint16_t>(section.integer("count", {1, 125}));
  }
  place.prefixes = section.texts("prefix");
  place.equals = section.integers("equals", {0, 0xFFFFFFFF});
  section.finish();
  return place;
}

void read_identity(Section section, WordOrder order, ProfileIdentity& identity) {
  identity.line = section.line();
  for (const Section& match : section.sections("match")) {
    identity.match.push_back(read_identity_register(match, order));
  }
  if (const auto serial = section.section("serial")) identity.serial = read_identity_register(*serial, order);
  for (const toml::node* item : section.list("plausible")) {
    if (const auto quantity = section.quantity("plausible", item)) identity.plausible.push_back(*quantity);
  }
  section.finish();
}

void read_direction(Section section, ProfileRegister& result) {
  result.direction = DirectionBits{.address = section.address("at"),
                                   .positive = static_cast<std::uint16_t>(section.integer("plus", mask)),
                                   .negative = static_cast<std::uint16_t>(section.integer("minus", mask))};
  section.finish();
}

void read_counter(Section section, ProfileRegister& result, double factor) {
  const toml::node* const width = section.get("width");
  const auto bits = width == nullptr ? std::nullopt : width->value_exact<std::int64_t>();
  const auto name = width == nullptr ? std::nullopt : width->value_exact<std::string>();
  const std::string text = bits ? std::to_string(*bits) : name.value_or("");
  const auto found = std::find(counter_names.begin(), counter_names.end(), text);
  if (found == counter_names.end()) {
    section.fault("width", "must be 16, 32, 64 or \"float\"");
  } else {
    result.counter = static_cast<CounterWidth>(found - counter_names.begin());
  }
  if (const std::optional<double> most = section.number("max")) result.counter_max = *most * factor;
  section.finish();
}

void read_absent(Section& section, ProfileRegister& result) {
  const std::size_t digits = std::size_t{width_of(result.type)} * 4;
  for (const std::string& pattern : section.texts("nan")) {
    const std::optional<std::uint64_t> raw = from_hex_digits(pattern);
    if (raw && pattern.size() == digits) {
      result.absent.push_back(*raw);
    } else {
      section.fault("nan", "must be a list of texts of " + std::to_string(digits) + " hexadecimal digits");
    }
  }
}

/// The scale with the unit's power of ten in it, so that raw x scale is in the canonical unit.
void read_scale(Section& section, ProfileRegister& result, int unit_exponent) {
  const std::optional<double> scale = section.number("scale");
  const std::optional<Scale> exact = scale_from(scale.value_or(1));
  if (!exact || exact->digits <= 0) {
    section.fault("scale", "must be a number above 0; a value that runs the other way has sign = \"-\"");
    return;
  }
  result.scale = {exact->digits, exact->exponent + unit_exponent};
}

ProfileRegister read_register(Section section, WordOrder order) {
  ProfileRegister result;
  result.line = section.line();
  result.quantity = section.quantity("q", section.get("q")).value_or(MeasuredQuantity{});
  result.address = section.address("at");
  result.type = section.choice<RegisterType>("type", type_names);
  result.order = section.choice<WordOrder>("order", order_names, order);
  result.unit = section.text("unit");
  const std::optional<ProfileUnit> unit = profile_unit(result.unit);
  if (!unit && section.has("unit"))
    section.fault("unit", "'" + result.unit + "' is no unit known here, as \"kWh\" or \"V\"");
  const int unit_exponent = unit ? unit->exponent : 0;
  const double factor = std::pow(10.0, unit_exponent);
  read_scale(section, result, unit_exponent);
  if (section.has("sign")) result.sign = section.choice<RegisterSign>("sign", sign_names);
  if (const auto direction = section.section("direction")) read_direction(*direction, result);
  if (const auto counter = section.section("counter")) read_counter(*counter, result, factor);
  if (const std::optional<double> quantum = section.number("quantum")) result.quantum = *quantum * factor;
  if (const auto range = section.range("range")) result.range = ValueRange{range->low * factor, range->high * factor};
  read_absent(section, result);
  if (section.has("term")) result.term = section.choice<Term>("term", term_names);
  if (section.has("sf_at")) result.scale_factor_address = section.address("sf_at");
  section.finish();
  return result;
}

ProfileBlock read_block(Section section, WordOrder order) {
  ProfileBlock block;
  block.line = section.line();
  block.name = section.text("name");
  block.function = static_cast<std::uint8_t>(section.integer("fc", {3, 4}));
  block.start = section.address("start");
  block.count = static_cast<std::uint16_t>(section.integer("count", {1, 125}));
  block.unit = section.unit_id("unit");
  block.role = section.choice<BlockRole>("role", role_names);
  for (const Section& entry : section.sections("registers")) block.registers.push_back(read_register(entry, order));
  section.finish();
  return block;
}

ProfileControl read_control(Section section, WordOrder order) {
  ProfileControl control;
  control.line = section.line();
  control.name = section.text("name");
  control.function = static_cast<std::uint8_t>(section.integer("fc", {3, 16}));
  control.unit = section.unit_id("unit");
  control.address = section.address("at");
  control.type = section.choice<RegisterType>("type", type_names);
  control.order = section.choice<WordOrder>("order", order_names, order);
  control.scale = section.number("scale").value_or(1);
  control.range = section.range("range");
  control.note = section.text("note", "");
  section.finish();
  return control;
}

/// "4640 E400": registers as words of four hexadecimal digits.
std::optional<std::vector<std::uint16_t>> words_from(std::string_view text) {
  std::vector<std::uint16_t> words;
  while (!text.empty()) {
    const std::string_view digits = text.substr(0, 4);
    const std::optional<std::uint64_t> value = from_hex_digits(digits);
    if (!value || digits.size() != 4) return std::nullopt;
    words.push_back(static_cast<std::uint16_t>(*value));
    text.remove_prefix(4);
    if (text.empty()) break;
    if (text.front() != ' ' || text.size() == 1) return std::nullopt;
    text.remove_prefix(1);
  }
  if (words.empty()) return std::nullopt;
  return words;
}

/// "30775" or "0x7837".
std::optional<std::uint16_t> address_from(std::string_view text) {
  const bool is_hex = text.starts_with("0x");
  if (is_hex) text.remove_prefix(2);
  std::uint16_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, is_hex ? 16 : 10);
  if (text.empty() || stop != end || error != std::errc{}) return std::nullopt;
  return value;
}

ProfileTest read_test(Section section, FaultList& faults) {
  ProfileTest test;
  test.line = section.line();
  for (const auto& [key, value] : section.table("registers")) {
    const std::optional<std::uint16_t> address = address_from(key.str());
    const auto text = value.value_exact<std::string>();
    const auto words = text ? words_from(*text) : std::nullopt;
    if (address && words) {
      test.words[*address] = *words;
    } else {
      faults.note(value.source(), "test.registers." + std::string(key.str()) +
                                      ": must be as \"0x0048\" = \"4640 E400\", an address and words in hexadecimal");
    }
  }
  test.expect = section.expectations("expect");
  section.finish();
  return test;
}

void read_profile(const toml::table& root, FaultList& faults, Profile& profile) {
  Section top(faults, root, "");
  WordOrder order = WordOrder::big;
  if (const auto device = top.section("device")) {
    order = read_device(*device, profile);
  } else {
    top.fault("device", "is missing; the table [device] names the device");
  }
  if (const auto transport = top.section("transport")) read_transport(*transport, profile.transport);
  if (const auto identity = top.section("identity")) read_identity(*identity, order, profile.identity);
  for (const Section& block : top.sections("block")) profile.blocks.push_back(read_block(block, order));
  if (auto control = top.section("control")) {
    for (const Section& entry : control->sections("registers")) {
      profile.controls.push_back(read_control(entry, order));
    }
    control->finish();
  }
  for (const Section& test : top.sections("test")) profile.tests.push_back(read_test(test, faults));
  top.finish();
}

}  // namespace

std::optional<Scale> scale_from(double value) {
  if (!std::isfinite(value)) return std::nullopt;
  if (value == 0) return Scale{0, 0};
  std::array<char, 32> buffer{};
  const auto [end, error] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  if (error != std::errc{}) return std::nullopt;
  // The form is "-d.ddde-XX": the digits without the point, and the exponent less the digits behind it.
  const std::string_view text(buffer.data(), static_cast<std::size_t>(end - buffer.data()));
  const std::size_t mark = text.find('e');
  Scale result{0, std::atoi(std::string(text.substr(mark + 1)).c_str())};
  bool behind_point = false;
  for (const char digit : text.substr(0, mark)) {
    if (digit == '.') behind_point = true;
    if (digit < '0' || digit > '9') continue;
    result.digits = result.digits * 10 + (digit - '0');
    if (behind_point) --result.exponent;
  }
  if (value < 0) result.digits = -result.digits;
  if (std::abs(result.exponent) > exponent_max) return std::nullopt;
  return result;
}

double to_double(Scale decimal) {
  const auto digits = static_cast<double>(decimal.digits);
  // A power of ten that is divided by is exact; 0.1 is not.
  return decimal.exponent < 0 ? digits / std::pow(10.0, -decimal.exponent) : digits * std::pow(10.0, decimal.exponent);
}

std::optional<ProfileUnit> profile_unit(std::string_view text) {
  const auto found =
      std::find_if(units.begin(), units.end(), [text](const UnitText& unit) { return unit.text == text; });
  if (found == units.end()) return std::nullopt;
  return found->unit;
}

const char* to_text(RegisterType type) {
  return type_names[static_cast<std::size_t>(type)];
}

std::uint16_t width_of(RegisterType type) {
  constexpr std::array<std::uint16_t, 8> widths{1, 1, 2, 2, 4, 4, 2, 4};
  return widths[static_cast<std::size_t>(type)];
}

bool is_float(RegisterType type) {
  return type == RegisterType::f32 || type == RegisterType::f64;
}

Result<Profile, ProfileFaults> parse_profile(std::string_view toml, std::string_view file_name) {
  FaultList faults(file_name);
  Profile profile;
  profile.file = file_name;
  try {
    read_profile(toml::parse(toml, file_name), faults, profile);
  } catch (const toml::parse_error& error) {
    faults.note(error.source(), std::string(error.description()));
  }
  if (!faults.empty()) return Fail{faults.take()};
  return profile;
}

}  // namespace commonwatt
