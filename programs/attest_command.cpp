#include "programs/attest_command.hpp"

#include <iostream>
#include <memory>

#include "controller/attester.hpp"
#include "programs/command_parts.hpp"

namespace commonwatt {

void add_attest(CLI::App& chain, std::function<int()>& action) {
  CLI::App* command = chain.add_subcommand(
      "attest", "runs an attester: replays the market's journal and signs the anchors it comes to by itself");
  auto file = std::make_shared<std::string>();
  auto lies = std::make_shared<bool>(false);
  command->add_option("--config", *file, "attester.toml")->required()->type_name("FILE");
  command->add_flag("--insecure-lie", *lies,
                    "signs another settlement root; only for the test that shows that it is noticed");
  command->footer("Example: commonwatt chain attest --config /etc/commonwatt/attester.toml");
  command->callback([=, &action] {
    action = [=] {
      const Result<AttesterConfig, ConfigFaults> config = read_attester_config(*file);
      if (!config) return complain(config.error());
      const Result<std::unique_ptr<Clock>, std::string> clock = open_clock(config->clock);
      if (!clock) return complain(clock.error(), 1);
      return run_attester(*config, **clock, *lies ? Honesty::lies : Honesty::honest);
    };
  });
}

}  // namespace commonwatt
