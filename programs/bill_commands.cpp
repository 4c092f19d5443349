#include "programs/bill_commands.hpp"

#include <iostream>
#include <memory>

#include "controller/bill_command.hpp"
#include "controller/chain/anchored_proof.hpp"
#include "controller/command_output.hpp"
#include "controller/export_command.hpp"
#include "controller/payouts_command.hpp"
#include "controller/rewards_command.hpp"

namespace commonwatt {

void add_bill(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("bill", "writes a household's bill of a month or any other period");
  auto options = std::make_shared<BillOptions>();
  auto language = std::make_shared<std::string>("en");
  auto format = std::make_shared<std::string>("text");
  auto anchor = std::make_shared<AnchorSearch>();
  command->add_option("--file", options->file, "bills, one a line; - for standard input")->type_name("BILLS.jsonl");
  command->add_option("--store", options->store, "instead, a gateway's directory, with its gateway.sqlite")
      ->type_name("DIR");
  command->add_option("--month", options->month, "a local month")->type_name("YYYY-MM");
  command->add_option("--from", options->from, "a local day, YYYY-MM-DD, or a time in UTC")->type_name("T");
  command->add_option("--to", options->to, "the same; the bill ends before it")->type_name("T");
  command->add_option("--time-zone", options->time_zone, "whose days and months, such as Europe/Zurich")
      ->type_name("NAME")
      ->capture_default_str();
  command->add_option("--language", *language, "en or de")->check(CLI::IsMember({"en", "de"}))->capture_default_str();
  command->add_option("--format", *format, "text, html, csv, json, or jsonl: the bills themselves with their proofs")
      ->check(CLI::IsMember({"text", "html", "csv", "json", "jsonl"}))
      ->capture_default_str();
  command->add_option("--currency", options->currency, "three letters")->type_name("CODE")->capture_default_str();
  command->add_option("--log-key", options->log_key, "the controller's public key: checks every proof first")
      ->type_name("HEX64");
  command
      ->add_option("--books", options->books,
                   "a directory with the market's journal.sqlite or postings.csv: adds the "
                   "household's account, with its payments")
      ->type_name("DIR");
  command->add_option("--out", options->out, "where it goes; - for standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->add_option("--proof", options->proof, "instead, writes the proof of the one bill of the period")
      ->type_name("FILE.json");
  command->add_option("--checkpoint", options->proof_parts.note, "for --proof: the signed note with its cosignatures")
      ->type_name("NOTE");
  command->add_option("--witness", options->proof_parts.witnesses, "for --proof: whose cosignatures go in; repeatable")
      ->type_name("NAME=HEX64");
  auto* settlement =
      command->add_option("--settlement", anchor->settlement, "for --proof: the anchor of this proof goes in")
          ->type_name("FILE.json");
  auto* rpc = command->add_option("--rpc", anchor->rpc, "for --settlement: a node that has the anchor; repeatable")
                  ->type_name("URL");
  auto* registry =
      command->add_option("--registry", anchor->registry, "for --settlement: the AnchorRegistry")->type_name("ADDRESS");
  command->add_option("--first-block", anchor->first_block, "the registry's")->needs(settlement)->type_name("N");
  command
      ->add_option(
          "--consistency", options->proof_parts.consistency,
          "for --settlement: the path from the checkpoint to the anchored log, a hash a line; a --store has its own")
      ->needs(settlement)
      ->type_name("FILE");
  settlement->needs("--proof")->needs(rpc)->needs(registry);
  command->footer(
      "Examples: commonwatt bill --file hh01.jsonl --month 2026-06 --time-zone Europe/Berlin --language de \\\n"
      "            --format html --out juni.html\n"
      "          commonwatt bill --store /var/lib/commonwatt/gateway --from 2026-06-21 --to 2026-06-22 --format csv\n"
      "What each line means is in docs/bills.md.");
  command->callback([=, &action] {
    action = [=] {
      options->language = *language_from_text(*language);
      options->format = *bill_format_from_text(*format);
      if (!anchor->settlement.empty()) {
        const Result<ProofAnchor, std::string> found = find_anchor(*anchor);
        if (!found) return complain(std::cerr, found.error(), status_data);
        options->proof_parts.anchor = *found;
      }
      return run_bill(*options, std::cout, std::cerr);
    };
  });
}

void add_export(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("export", "writes the ledger's postings for the operator's bookkeeping");
  auto options = std::make_shared<ExportOptions>();
  auto format = std::make_shared<std::string>("csv");
  command->add_option("--dir", options->directory, "what 'settle', 'demo --keep' or a stopped controller left")
      ->required()
      ->type_name("DIR");
  command->add_option("--format", *format, "csv, or a journal for hledger or ledger, which is the same")
      ->check(CLI::IsMember({"csv", "hledger", "ledger"}))
      ->capture_default_str();
  command->add_option("--from", options->from, "a day in UTC, YYYY-MM-DD, or a time")->type_name("T");
  command->add_option("--to", options->to, "the same; intervals before it are exported")->type_name("T");
  command->add_option("--currency", options->currency, "three letters; without it the market's, or EUR")
      ->type_name("CODE");
  command->add_option("--out", options->out, "where it goes; - for standard output")
      ->type_name("FILE")
      ->capture_default_str();
  command->footer(
      "Example: commonwatt export --dir /var/lib/commonwatt/controller --format hledger --out 2026.journal\n"
      "Which account becomes which is in docs/bills.md.");
  command->callback([=, &action] {
    action = [=] {
      options->format = *export_format_from_text(*format);
      return run_export(*options, std::cout, std::cerr);
    };
  });
}

void add_payouts(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("payouts", "lists what can be paid out to each household, and who owes");
  auto options = std::make_shared<PayoutsOptions>();
  command->add_option("--dir", options->directory, "a controller's directory, with its journal.sqlite; it may run on")
      ->required()
      ->type_name("DIR");
  command->add_option("--minimum", options->minimum, "less than that is left on the account")
      ->type_name("AMOUNT")
      ->capture_default_str();
  command->add_option("--until", options->until, "a day in UTC, YYYY-MM-DD, or a time: later intervals do not count")
      ->type_name("T");
  command->add_flag("--include-provisional", options->include_provisional,
                    "counts settled intervals too that a revised or final run may still change");
  command->add_option("--csv", options->csv, "the payments for the bank; - for standard output, without the table")
      ->type_name("FILE");
  command->footer(
      "Example: commonwatt payouts --dir /var/lib/commonwatt/controller --until 2026-07-01 --csv payouts.csv\n"
      "When the bank has paid, append the file to the controller's payments: docs/payments.md.");
  command->callback([=, &action] { action = [=] { return run_payouts(*options, std::cout, std::cerr); }; });
}

void add_rewards(CLI::App& app, std::function<int()>& action) {
  CLI::App* command = app.add_subcommand("rewards", "counts what an epoch mints for delivered energy, and for whom");
  auto options = std::make_shared<RewardsOptions>();
  RewardSource& source = options->source;
  RewardParameters& rule = source.parameters;
  command->add_option("--dir", source.directory, "a controller's directory, with its journal.sqlite; it may run on")
      ->required()
      ->type_name("DIR");
  command->add_option("--epoch", source.epoch, "which; 0 has the first settled interval")->required()->type_name("N");
  command->add_option("--epoch-seconds", source.epoch_seconds, "whole hours; a day in UTC")
      ->type_name("S")
      ->capture_default_str();
  command->add_option("--balance", source.balance, "balance.csv of 'settle'; without it no zone is confirmed")
      ->type_name("FILE");
  auto* explain = command->add_option("--explain", options->explain, "one household, in words")->type_name("HOUSEHOLD");
  command->add_flag("--json", options->is_json, "all of it, for programs")->excludes(explain);
  command->add_option("--fee", rule.fee.count, "the least any buyer pays, micro-currency per kWh")
      ->type_name("MICRO")
      ->capture_default_str();
  command->add_option("--reward-to-fee", rule.reward_to_fee_permille, "the most a kWh earns of it, 1 to 999")
      ->type_name("PERMILLE")
      ->capture_default_str();
  command->add_option("--base-budget", rule.base_budget.count, "base units an epoch, before it halves")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--halving", rule.halving_epochs, "epochs")->type_name("N")->capture_default_str();
  command->add_option("--bootstrap", rule.bootstrap_epochs, "epochs not capped by what was burned")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--window", rule.window_epochs, "epochs whose burned fees cap the budget")
      ->type_name("N")
      ->capture_default_str();
  command->footer(
      "Example: commonwatt rewards --dir /var/lib/commonwatt/controller --epoch 41 --balance balance.csv\n"
      "The rule, and why dealing with oneself does not pay, are in docs/rewards.md.");
  command->callback([=, &action] { action = [=] { return run_rewards(*options, std::cout, std::cerr); }; });
}

}  // namespace commonwatt
