#include "market/participants.hpp"

namespace commonwatt {

const char* to_text(MeterRole role) {
  switch (role) {
    case MeterRole::billing:
      return "billing";
    case MeterRole::production:
      return "production";
    case MeterRole::submeter:
      return "submeter";
  }
  return "";
}

std::optional<MeterRole> meter_role_from_text(std::string_view text) {
  for (const MeterRole role : {MeterRole::billing, MeterRole::production, MeterRole::submeter}) {
    if (text == to_text(role)) return role;
  }
  return std::nullopt;
}

}  // namespace commonwatt
