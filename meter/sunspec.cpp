#include "meter/sunspec.hpp"

#include <algorithm>
#include <array>

#include "meter/sunspec_points.hpp"

namespace commonwatt {
namespace {

constexpr std::array<std::uint16_t, 2> marker{0x5375, 0x6E53};  // "SunS"
constexpr std::array<std::uint16_t, 3> usual_bases{40000, 0, 50000};
constexpr std::uint16_t common_id = 1;
constexpr std::uint16_t end_id = 0xFFFF;
constexpr int address_max = 65535;
/// How often a model is read from the start because a scale factor changed.
constexpr int rounds_max = 3;

using Words = std::vector<std::uint16_t>;

/// Whether a fault means "there is nothing at this address" rather than "the line is in trouble".
bool says_nothing_there(MeterFault fault) {
  return fault == MeterFault::refused || fault == MeterFault::device_failure;
}

Result<bool, MeterError> has_marker(const ReadRegisters& read, std::uint16_t base) {
  const Result<Words, MeterError> words = read(base, 2);
  if (words) return words->size() == 2 && std::equal(words->begin(), words->end(), marker.begin());
  if (says_nothing_there(words.error().fault)) return false;
  return Fail{words.error()};
}

/// ID and L at `address`; nothing at the end of the chain. Some devices have no L behind the end marker, and some
/// no end marker at all: a refusal ends the walk.
Result<std::optional<SunSpecModel>, MeterError> model_at(const ReadRegisters& read, std::uint16_t address) {
  const std::optional<SunSpecModel> none;
  const Result<Words, MeterError> words = address < address_max ? read(address, 2) : read(address, 1);
  if (!words && !says_nothing_there(words.error().fault)) return Fail{words.error()};
  if (!words || words->size() != 2) return none;
  const std::uint16_t id = (*words)[0];
  if (id == end_id || id == 0) return none;
  return std::optional(SunSpecModel{.id = id, .address = address, .length = (*words)[1]});
}

Result<SunSpecChain, MeterError> walk(const ReadRegisters& read, std::uint16_t base) {
  SunSpecChain chain{.base = base, .models = {}};
  int address = base + 2;
  while (address <= address_max && chain.models.size() < sunspec_models_max) {
    const Result<std::optional<SunSpecModel>, MeterError> model = model_at(read, static_cast<std::uint16_t>(address));
    if (!model) return Fail{model.error()};
    if (!*model) break;
    chain.models.push_back(**model);
    address += 2 + (*model)->length;
  }
  return chain;
}

bool begins(const Words& words, const SunSpecModel& model) {
  return words.size() >= 2 && words[0] == model.id && words[1] == model.length;
}

Fail<MeterError> map_changed(const SunSpecModel& model, const std::string& how) {
  return Fail{MeterError{MeterFault::map_changed,
                         "model " + std::to_string(model.id) + " at " + std::to_string(model.address) + ": " + how}};
}

/// One request for registers of a model, `from` its ID on and up to `end`, as many as it may ask for.
Result<Words, MeterError> read_piece(const ReadRegisters& read, const SunSpecModel& model, std::size_t from,
                                     std::size_t end) {
  const auto count = static_cast<std::uint16_t>(std::min<std::size_t>(end - from, sunspec_request_words_max));
  Result<Words, MeterError> words = read(static_cast<std::uint16_t>(model.address + from), count);
  if (!words) return words;
  if (words->size() != count) {
    return Fail{MeterError{MeterFault::garbled,
                           "asked for " + std::to_string(count) + " registers, got " + std::to_string(words->size())}};
  }
  if (from == 0 && !begins(*words, model)) return map_changed(model, "it is no longer there");
  return words;
}

/// Drops the beginning of a point that the end of `words` cuts in two.
void drop_cut_point(Words& words, const std::vector<SunSpecPlace>& places) {
  const auto cut = std::find_if(places.begin(), places.end(),
                                [&words](const SunSpecPlace& place) { return place.end() > words.size(); });
  if (cut != places.end() && cut->offset < words.size()) words.resize(cut->offset);
}

bool same_scale_factors(const Words& first, const Words& second, const std::vector<SunSpecPlace>& places) {
  return std::all_of(places.begin(), places.end(), [&](const SunSpecPlace& place) {
    const bool steady = place.layout->type != SunSpecType::sunssf || place.offset >= first.size();
    return steady || first[place.offset] == second[place.offset];
  });
}

/// The registers up to `end`; nothing when a scale factor changed on the way. All layouts have their scale factors
/// within the first piece (a test holds them to it), which is read once more behind the last.
Result<std::optional<Words>, MeterError> read_pieces(const ReadRegisters& read, const SunSpecModel& model,
                                                     std::size_t end) {
  const Result<Words, MeterError> first = read_piece(read, model, 0, end);
  if (!first) return Fail{first.error()};
  if (first->size() == end) return std::optional(*first);
  const std::vector<SunSpecPlace> places = sunspec_places(*first);
  Words words = *first;
  while (words.size() < end) {
    drop_cut_point(words, places);
    const Result<Words, MeterError> next = read_piece(read, model, words.size(), end);
    if (!next) return Fail{next.error()};
    words.insert(words.end(), next->begin(), next->end());
  }
  const Result<Words, MeterError> again = read_piece(read, model, 0, end);
  if (!again) return Fail{again.error()};
  if (!same_scale_factors(*first, *again, places)) return std::optional<Words>();
  return std::optional(std::move(words));
}

std::string trimmed_text(const std::vector<SunSpecPoint>& points, std::string_view name) {
  const SunSpecPoint* const point = find_sunspec_point(points, name);
  if (point == nullptr || !std::holds_alternative<std::string>(point->raw)) return {};
  std::string text = std::get<std::string>(point->raw);
  text.erase(text.find_last_not_of(' ') + 1);
  return text;
}

}  // namespace

Result<SunSpecChain, MeterError> discover_sunspec(const ReadRegisters& read, std::optional<std::uint16_t> base) {
  std::vector<std::uint16_t> bases;
  if (base) bases.push_back(*base);
  for (const std::uint16_t usual : usual_bases) {
    if (base != usual) bases.push_back(usual);
  }
  std::string tried;
  for (const std::uint16_t candidate : bases) {
    const Result<bool, MeterError> found = has_marker(read, candidate);
    if (!found) return Fail{found.error()};
    if (*found) return walk(read, candidate);
    tried += (tried.empty() ? "" : ", ") + std::to_string(candidate);
  }
  return Fail{MeterError{MeterFault::no_sunspec_marker, "looked at " + tried + "; another address is set with base="}};
}

std::vector<SunSpecDevice> sunspec_devices(const SunSpecChain& chain) {
  std::vector<SunSpecDevice> devices;
  for (const SunSpecModel& model : chain.models) {
    if (model.id == common_id) {
      devices.push_back({.common = model, .models = {}});
    } else if (!devices.empty()) {
      devices.back().models.push_back(model);
    }
  }
  return devices;
}

Result<Words, MeterError> read_sunspec_model(const ReadRegisters& read, const SunSpecModel& model) {
  const std::size_t end = std::min<std::size_t>(std::size_t{2} + model.length, address_max + 1 - model.address);
  for (int round = 0; round < rounds_max; ++round) {
    Result<std::optional<Words>, MeterError> words = read_pieces(read, model, end);
    if (!words) return Fail{words.error()};
    if (*words) return std::move(**words);
  }
  return map_changed(model, "its scale factors change faster than it can be read");
}

SunSpecCommon decode_sunspec_common(std::span<const std::uint16_t> words) {
  if (words.empty() || words[0] != common_id) return {};
  const std::vector<SunSpecPoint> points = decode_sunspec_points(words);
  return {.maker = trimmed_text(points, "Mn"),
          .model = trimmed_text(points, "Md"),
          .version = trimmed_text(points, "Vr"),
          .serial = trimmed_text(points, "SN")};
}

}  // namespace commonwatt
