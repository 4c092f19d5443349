// Reads a device as its profile says.
#include <algorithm>
#include <map>
#include <utility>

#include "meter/device_driver.hpp"
#include "meter/profile_decode.hpp"

namespace commonwatt {
namespace {

using Words = std::vector<std::uint16_t>;

bool is_wanted(BlockRole role, Wanted wanted) {
  switch (role) {
    case BlockRole::fast:
      return true;
    case BlockRole::energy:
      return wanted != Wanted::power;
    case BlockRole::slow:
    case BlockRole::once:
      return wanted == Wanted::everything;
  }
  return true;
}

class ProfileDriver : public DeviceDriver {
 public:
  ProfileDriver(ModbusBus& bus, std::uint8_t unit, std::shared_ptr<const Profile> profile)
      : bus_(bus), unit_(unit), profile_(std::move(profile)) {}

  Result<DeviceIdentity, MeterError> identify() override;
  void ask_ahead(const Clock& clock, Wanted wanted) override;
  Result<DeviceReading, MeterError> look(const Clock& clock, Wanted wanted) override;
  void forget_map() override { refusals_.clear(); }

 private:
  [[nodiscard]] bool is_read(const ProfileBlock& block, Wanted wanted) {
    return is_wanted(block.role, wanted) && refusals_[&block] < refusals_max;
  }
  Result<Words, MeterError> read(std::uint8_t function, std::uint16_t address, std::uint16_t count,
                                 std::optional<std::uint8_t> unit = std::nullopt) {
    return bus_.read(unit.value_or(unit_), static_cast<RegisterTable>(function), address, count);
  }
  Result<Done, MeterError> read_match();
  Result<std::string, MeterError> read_serial();

  ModbusBus& bus_;
  std::uint8_t unit_;
  std::shared_ptr<const Profile> profile_;
  /// So often a block is refused before the device is taken not to have it.
  static constexpr int refusals_max = 3;
  std::map<const ProfileBlock*, int> refusals_;
  std::vector<Words> match_;            // the words of the profile's identity registers
  std::optional<UtcTime> asked_ahead_;  // when the first block was
};

Result<Done, MeterError> ProfileDriver::read_match() {
  match_.clear();
  for (const IdentityRegister& place : profile_->identity.match) {
    const Result<Words, MeterError> words = read(place.function, place.address, place.count);
    if (!words) return Fail{words.error()};
    match_.push_back(*words);
  }
  if (!match_.empty() || profile_->identity.serial || profile_->blocks.empty()) return Done{};
  // A device that does not say who it is: a request of a length of its own tells at least that the line is in step.
  // What it is must show in its values.
  const ProfileBlock& block = profile_->blocks.front();
  const auto count = static_cast<std::uint16_t>(block.count > 1 ? block.count - 1 : 2);
  const Result<Words, MeterError> words = read(block.function, block.start, count, block.unit);
  if (!words && words.error().fault != MeterFault::refused) return Fail{words.error()};
  return Done{};
}

Result<std::string, MeterError> ProfileDriver::read_serial() {
  if (!profile_->identity.serial) return std::string();
  const IdentityRegister& place = *profile_->identity.serial;
  const Result<Words, MeterError> words = read(place.function, place.address, place.count);
  if (words) return identity_text(place, *words).value_or("");
  const MeterFault kind = words.error().fault;
  if (kind == MeterFault::refused || kind == MeterFault::device_failure) return std::string();
  return Fail{words.error()};
}

Result<DeviceIdentity, MeterError> ProfileDriver::identify() {
  asked_ahead_.reset();
  if (const Result<Done, MeterError> matched = read_match(); !matched) return Fail{matched.error()};
  const Result<std::string, MeterError> serial = read_serial();
  if (!serial) return Fail{serial.error()};
  return DeviceIdentity{.maker = profile_->maker, .model = profile_->model, .serial = *serial};
}

void ProfileDriver::ask_ahead(const Clock& clock, Wanted wanted) {
  const UtcTime now = clock.now();
  for (const ProfileBlock& block : profile_->blocks) {
    if (!is_read(block, wanted)) continue;
    const auto table = static_cast<RegisterTable>(block.function);
    if (bus_.ask_ahead(block.unit.value_or(unit_), table, block.start, block.count)) asked_ahead_ = now;
    return;
  }
}

Result<DeviceReading, MeterError> ProfileDriver::look(const Clock& clock, Wanted wanted) {
  struct Answer {
    const ProfileBlock* block = nullptr;
    Words words;
    Asked asked;
  };
  std::vector<Answer> answers;
  for (const ProfileBlock& block : profile_->blocks) {
    if (!is_read(block, wanted)) continue;
    Asked asked;
    Result<Words, MeterError> words = timed(clock, asked, std::exchange(asked_ahead_, std::nullopt),
                                            [&] { return read(block.function, block.start, block.count, block.unit); });
    // Older firmware lacks what a later one has. What cannot be done without is missing then, and said to be.
    if (!words && words.error().fault == MeterFault::refused && !answers.empty()) {
      ++refusals_[&block];
      continue;
    }
    if (!words) return Fail{words.error()};
    answers.push_back({&block, std::move(*words), asked});
  }
  std::vector<BlockWords> blocks;
  DeviceReading reading;
  for (const Answer& answer : answers) {
    blocks.push_back({answer.block, answer.words});
    reading.raw.push_back(raw_registers(answer.block->function, answer.block->start, answer.words));
  }
  reading.values = decode_blocks(*profile_, blocks);
  for (MeasuredValue& value : reading.values) {
    const auto has_it = [&value](const Answer& answer) {
      return std::any_of(answer.block->registers.begin(), answer.block->registers.end(),
                         [&value](const ProfileRegister& place) { return place.quantity == value.quantity; });
    };
    const auto from = std::find_if(answers.begin(), answers.end(), has_it);
    if (from == answers.end()) continue;
    value.time = from->asked.time;
    value.round_trip = from->asked.round_trip;
  }
  const IdentityCheck check = profile_identity(*profile_, match_, reading.values);
  if (check.verdict == IdentityVerdict::contradicted) {
    return Fail{MeterError{MeterFault::identity_changed, "not a " + profile_->model + ": " + check.reason}};
  }
  reading.produces = profile_->kind == ProfileKind::inverter;
  summarise(reading);
  return reading;
}

}  // namespace

std::unique_ptr<DeviceDriver> make_profile_driver(ModbusBus& bus, const DeviceUrl& url,
                                                  std::shared_ptr<const Profile> profile) {
  return std::make_unique<ProfileDriver>(bus, url.unit, std::move(profile));
}

}  // namespace commonwatt
