#include "controller/chain/chain_report.hpp"

#include "controller/chain/transactor.hpp"

namespace commonwatt {

void note(Report& report, const TransactionReceipt& mined) {
  report.json["transaction"] = to_data(mined.transaction);
  report.json["block"] = mined.block;
  report.json["gas"] = mined.gas;
  report.words += "transaction " + to_data(mined.transaction) + " in block " + std::to_string(mined.block) + ", " +
                  std::to_string(mined.gas) + " gas, " + ether_cost_text(mined.cost) + "\n";
}

int finish(const Outcome& outcome, bool is_json, std::ostream& out, std::ostream& errors) {
  if (!outcome) return complain(errors, outcome.error().text, outcome.error().status);
  out << (is_json ? outcome->json.dump() + "\n" : outcome->words);
  return 0;
}

}  // namespace commonwatt
