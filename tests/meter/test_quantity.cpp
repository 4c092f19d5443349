#include <set>

#include <doctest/doctest.h>

#include "meter/quantity.hpp"

namespace commonwatt {

TEST_CASE("every quantity has a name of its own, which names it back") {
  std::set<std::string> names;
  for (int part = 0; part <= static_cast<int>(enum_last(DevicePart{})); ++part) {
    for (int measurand = 0; measurand <= static_cast<int>(enum_last(Measurand{})); ++measurand) {
      for (int share = 0; share <= static_cast<int>(enum_last(Share{})); ++share) {
        const MeasuredQuantity quantity{static_cast<DevicePart>(part), static_cast<Measurand>(measurand),
                                        static_cast<Share>(share)};
        const std::string name = to_text(quantity);
        CHECK(names.insert(name).second);
        CHECK(quantity_from_text(name) == quantity);
      }
    }
  }
}

TEST_CASE("names are the ones profiles use") {
  CHECK(to_text(MeasuredQuantity{.measurand = Measurand::energy_import}) == "energy_import");
  CHECK(to_text(MeasuredQuantity{DevicePart::battery, Measurand::soc, Share::total}) == "battery:soc");
  CHECK(to_text(MeasuredQuantity{DevicePart::self, Measurand::voltage, Share::l12}) == "voltage_l12");
}

TEST_CASE("what is no quantity is none") {
  for (const char* text : {"", "energy", "_l1", "energy_import_l4", "solar:active_power", "self:active_power",
                           "energy_import ", "Energy_import", "energy_import_l1_l1"}) {
    CAPTURE(text);
    CHECK_FALSE(quantity_from_text(text));
  }
}

TEST_CASE("only registers of active energy are energy registers") {
  int registers = 0;
  for (int i = 0; i <= static_cast<int>(enum_last(Measurand{})); ++i) {
    const auto measurand = static_cast<Measurand>(i);
    CHECK(is_energy_register(measurand) == (std::string_view(unit_of(measurand)) == "Wh"));
    registers += is_energy_register(measurand) ? 1 : 0;
  }
  CHECK(registers == 6);
}

}  // namespace commonwatt
