#include "meter/sunspec_models.hpp"

namespace commonwatt {

const SunSpecGroup* sunspec_layout(std::uint16_t id) {
  switch (id) {
    case 1:
      return &sunspec_layouts::common;
    case 101:
    case 102:
    case 103:
      return &sunspec_layouts::inverter;
    case 111:
    case 112:
    case 113:
      return &sunspec_layouts::inverter_float;
    case 120:
      return &sunspec_layouts::nameplate;
    case 121:
      return &sunspec_layouts::settings;
    case 122:
      return &sunspec_layouts::status;
    case 123:
      return &sunspec_layouts::controls;
    case 124:
      return &sunspec_layouts::storage;
    case 160:
      return &sunspec_layouts::mppt;
    case 201:
      return &sunspec_layouts::meter_single_phase;
    case 202:
    case 203:
    case 204:
      return &sunspec_layouts::meter;
    case 211:
    case 212:
    case 213:
    case 214:
      return &sunspec_layouts::meter_float;
    case 701:
      return &sunspec_layouts::der_measure_ac;
    case 702:
      return &sunspec_layouts::der_capacity;
    case 703:
      return &sunspec_layouts::der_enter_service;
    case 704:
      return &sunspec_layouts::der_control_ac;
    case 706:
      return &sunspec_layouts::der_volt_watt;
    case 713:
      return &sunspec_layouts::der_storage;
    case 714:
      return &sunspec_layouts::der_measure_dc;
    case 715:
      return &sunspec_layouts::der_control;
    case 802:
      return &sunspec_layouts::battery;
    default:
      return nullptr;
  }
}

}  // namespace commonwatt
