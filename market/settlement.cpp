#include "market/settlement.hpp"

namespace commonwatt {

const char* to_text(Run run) {
  switch (run) {
    case Run::initial:
      return "initial";
    case Run::revised:
      return "revised";
    case Run::final:
      return "final";
  }
  return "";
}

std::optional<Run> run_from_text(std::string_view text) {
  for (const Run run : {Run::initial, Run::revised, Run::final}) {
    if (text == to_text(run)) return run;
  }
  return std::nullopt;
}

Money imbalance_amount(Energy deviation, const ImbalancePrices& prices) {
  return deviation * (deviation > Energy{0} ? prices.shortfall : prices.surplus);
}

}  // namespace commonwatt
