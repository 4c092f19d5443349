#include "controller/meter_report.hpp"

#include <cmath>
#include <iomanip>
#include <sstream>

#include <nlohmann/json.hpp>

namespace commonwatt {
namespace {

using Json = nlohmann::ordered_json;

Json number_or_null(std::optional<double> value) {
  if (!value || !std::isfinite(*value)) return nullptr;
  constexpr double whole_max = 9007199254740992.0;  // 2^53
  if (std::floor(*value) == *value && std::abs(*value) < whole_max) return static_cast<std::int64_t>(*value);
  return *value;
}

Json raw_json(const SunSpecPoint& point) {
  return std::visit(
      [](const auto& raw) -> Json {
        if constexpr (std::is_same_v<std::decay_t<decltype(raw)>, std::monostate>) {
          return nullptr;
        } else if constexpr (std::is_same_v<std::decay_t<decltype(raw)>, double>) {
          return number_or_null(raw);
        } else {
          return raw;
        }
      },
      point.raw);
}

Json value_json(const SunSpecPoint& point) {
  if (const auto* const text = std::get_if<std::string>(&point.raw)) return *text;
  return number_or_null(point.value);
}

}  // namespace

std::string value_text(const MeasuredValue& value) {
  if (value.energy) return std::to_string(value.energy->count);
  if (!value.value) return "-";
  constexpr double whole_from = 1e6;
  std::ostringstream text;
  if (std::abs(*value.value) < whole_from) {
    text << std::setprecision(7) << *value.value;
  } else {
    text << std::fixed << std::setprecision(0) << *value.value;
  }
  return text.str();
}

Json readings_json(const DeviceReading& reading) {
  Json all = Json::array();
  for (const MeasuredValue& value : reading.values) {
    Json one = {{"quantity", to_text(value.quantity)},
                {"value", value.energy ? Json(value.energy->count) : number_or_null(value.value)},
                {"unit", unit_of(value.quantity.measurand)},
                {"quality", to_text(value.quality)}};
    if (!value.reason.empty()) one["reason"] = value.reason;
    if (value.quantum > 0) one["quantum"] = number_or_null(value.quantum);
    one["time"] = to_text(value.time);
    one["round_trip_ms"] = static_cast<double>(value.round_trip.count()) / 1e6;
    all.push_back(std::move(one));
  }
  return all;
}

Json report_json(const MeterReport& report, bool with_points) {
  Json json = {{"maker", report.identity.maker},
               {"model", report.identity.model},
               {"serial", report.identity.serial},
               {"base", report.chain ? Json(report.chain->base) : Json(nullptr)},
               {"models", Json::array()}};
  if (report.chain) {
    for (const SunSpecModel& model : report.chain->models) {
      json["models"].push_back({{"id", model.id}, {"address", model.address}, {"length", model.length}});
    }
  }
  json["readings"] = readings_json(report.reading);
  json["raw_sha256"] = to_hex(raw_hash(report.reading));
  if (!with_points) return json;
  json["points"] = Json::array();
  for (const ModelPoints& model : report.points) {
    for (const SunSpecPoint& point : model.points) {
      json["points"].push_back({{"model", model.model},
                                {"instance", model.instance},
                                {"point", point.name},
                                {"raw", raw_json(point)},
                                {"value", value_json(point)}});
    }
  }
  return json;
}

void show_report(const MeterReport& report, bool with_points, std::ostream& out) {
  out << report.identity.maker << " " << report.identity.model;
  out << (report.identity.serial.empty() ? "" : ", serial " + report.identity.serial) << "\n";
  if (report.chain) {
    out << "SunSpec at " << report.chain->base << ", models";
    for (const SunSpecModel& model : report.chain->models) out << " " << model.id << "(" << model.length << ")";
    out << "\n";
  }
  for (const MeasuredValue& value : report.reading.values) {
    out << "  " << std::left << std::setw(26) << to_text(value.quantity) << std::right << std::setw(14)
        << value_text(value) << " " << std::left << std::setw(5) << unit_of(value.quantity.measurand)
        << to_text(value.quality);
    out << (value.reason.empty() ? "" : ": " + value.reason) << "\n";
  }
  if (!with_points) return;
  for (const ModelPoints& model : report.points) {
    for (const SunSpecPoint& point : model.points) {
      out << "  " << model.model << "[" << model.instance << "]." << std::left << std::setw(24) << point.name << " "
          << value_json(point).dump() << "\n";
    }
  }
}

}  // namespace commonwatt
