#include "market/participants.hpp"

namespace commonwatt {

const char* to_text(MeterRole role) { return role == MeterRole::billing ? "billing" : "production"; }

}  // namespace commonwatt
