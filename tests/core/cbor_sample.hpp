// A record with a field of every kind the encoding knows, for the tests and the fuzzer.
#pragma once

#include "core/cbor.hpp"

namespace commonwatt::cbor_sample {

enum class Side : std::uint8_t { buy, sell };
constexpr Side enum_last(Side) {
  return Side::sell;
}

struct Leg {
  Energy energy;
  Price price;

  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.energy, self.price);
  }
  friend bool operator==(const Leg&, const Leg&) = default;
};

struct Everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint32_t count = 0;
  std::int64_t large = 0;
  Side side = Side::buy;
  Money money;
  UtcTime time;
  Interval interval;
  HouseholdId household;
  std::string text;
  Bytes bytes;
  Hash32 hash{};
  Leg leg;
  std::optional<Leg> maybe;
  std::vector<Leg> legs;
  std::set<MeterId> meters;
  std::map<HouseholdId, Money> bills;
  std::variant<Energy, Leg, std::string> choice;

  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.flag, self.tiny, self.count, self.large, self.side, self.money, self.time, self.interval,
                    self.household, self.text, self.bytes, self.hash, self.leg, self.maybe, self.legs, self.meters,
                    self.bills, self.choice);
  }
  friend bool operator==(const Everything&, const Everything&) = default;
};

}  // namespace commonwatt::cbor_sample
