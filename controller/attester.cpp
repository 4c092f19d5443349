#include "controller/attester.hpp"

#include <algorithm>
#include <memory>

#include "controller/broker_access.hpp"
#include "controller/inbox.hpp"
#include "controller/journal_follower.hpp"
#include "controller/log.hpp"
#include "controller/message.hpp"
#include "controller/stop_signal.hpp"

namespace commonwatt {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

constexpr std::size_t inbox_max = 256;
constexpr std::chrono::milliseconds patience{200};
/// How often the controller is asked what is new, and told again what it did not confirm.
constexpr std::chrono::seconds asking_period{1};
/// How many attestations are repeated at a time.
constexpr std::int64_t repeated_max = 32;
/// Entries between two places on disk; each anchor makes one too.
constexpr std::int64_t save_entries = 512;

class Attester {
 public:
  Attester(const AttesterConfig& config, EvmKey key, std::unique_ptr<AttesterStore> store, JournalPlace place,
           Clock& clock, Honesty honesty)
      : config_(config),
        key_(std::move(key)),
        store_(std::move(store)),
        follower_({.origin = config.origin, .log_key = config.log_key}, std::move(place)),
        saved_(follower_.after()),
        clock_(clock),
        honesty_(honesty),
        inbox_(inbox_max) {}

  bool start();
  int loop();

 private:
  void take(const Bytes& payload);
  void attest(const Anchor& anchor);
  void ask();
  void repeat();
  void save();
  void send(UpTopic topic, const Bytes& payload);
  void refuse(const std::string& why);
  void stop_with(const std::string& error);

  const AttesterConfig& config_;
  EvmKey key_;
  std::unique_ptr<AttesterStore> store_;
  JournalFollower follower_;
  std::int64_t saved_;
  Clock& clock_;
  Honesty honesty_;
  Inbox<Bytes> inbox_;
  SteadyTime next_question_{};
  std::int64_t attested_ = 0;  // by the controller's word, what needs no more attestations
  bool refuses_ = false;       // the journal is not one history: nothing is signed any more
  bool failed_ = false;
  std::unique_ptr<MqttBus> bus_;
};

bool Attester::start() {
  MqttHandlers handlers;
  handlers.on_message = [this](const std::string& /*topic*/, Bytes payload) { inbox_.put(std::move(payload)); };
  handlers.on_connection = [](bool up) {
    log_line(up ? Severity::info : Severity::warning, "broker",
             up ? "connected" : "connection lost; the journal is followed on when it is back");
  };
  handlers.on_refused = [](const std::string& topic, int reason) {
    log_line(Severity::alarm, "broker",
             "refused " + topic + " with reason " + std::to_string(reason) + "; check certificate and attester name");
  };
  Result<std::unique_ptr<MqttBus>, MqttError> bus = MqttBus::start(
      broker_options(config_.broker, config_.name.text(), {down_topic(config_.name, DownTopic::journal)}),
      std::move(handlers));
  if (!bus) {
    log_line(Severity::alarm, "broker", bus.error().text);
    return false;
  }
  bus_ = std::move(*bus);
  log_line(Severity::info, "attester",
           config_.name.text() + " signs with " + to_text(key_.address()) + ", from entry " +
               std::to_string(follower_.after()) + " on");
  return true;
}

int Attester::loop() {
  while (!stop_requested() && !failed_) {
    if (std::chrono::steady_clock::now() >= next_question_) {
      ask();
      repeat();
    }
    for (const Bytes& payload : inbox_.take(clock_, clock_.now() + std::chrono::hours(1), patience)) take(payload);
  }
  if (!failed_ && !refuses_) save();
  return failed_ ? 1 : 0;
}

void Attester::ask() {
  next_question_ = std::chrono::steady_clock::now() + asking_period;
  if (refuses_) return;
  send(UpTopic::request,
       encode(Request{
           .kind = RequestKind::journal, .interval = {}, .after = follower_.after(), .offset = follower_.offset()}));
}

/// Attestations get lost as every message does: what the controller does not confirm it is told again.
void Attester::repeat() {
  if (refuses_) return;
  const Result<std::vector<Attestation>, std::string> open = store_->attestations_after(attested_, repeated_max);
  if (!open) return stop_with(open.error());
  for (const Attestation& attestation : *open) send(UpTopic::attestation, encode(attestation));
}

void Attester::take(const Bytes& payload) {
  if (refuses_ || failed_) return;
  const Result<JournalPage, CborError> page = decode<JournalPage>(payload);
  if (!page) return log_line(Severity::warning, "controller", "a page of the journal is not readable");
  attested_ = page->attested;
  const std::int64_t before = follower_.after();
  const std::int64_t parts = follower_.offset();
  const Result<JournalFollower::Step, std::string> step = follower_.take(*page);
  if (!step) return refuse(step.error());
  for (const std::string& note : step->notes) log_line(Severity::warning, "journal", note);
  for (const Anchor& anchor : step->anchors) attest(anchor);
  if (failed_ || refuses_) return;
  const bool caught_up = follower_.after() == page->entries;
  if (!step->anchors.empty() || follower_.after() >= saved_ + save_entries) save();
  const bool went_on = follower_.after() != before || follower_.offset() != parts;
  if (went_on && !caught_up) ask();
}

void Attester::attest(const Anchor& anchor) {
  if (failed_ || refuses_) return;
  Anchor signed_one = anchor;
  if (honesty_ == Honesty::lies) signed_one.settlement_root[0] ^= 1;
  const Result<Attestation, std::string> attestation = store_->sign_once(
      signed_one, [this](const Anchor& one) { return key_.sign(anchor_digest(one, config_.domain)).packed(); });
  if (!attestation) return refuse(attestation.error());
  send(UpTopic::attestation, encode(*attestation));
  log_line(Severity::info, "attester",
           "epoch " + std::to_string(anchor.epoch) + " is signed: " + to_hex(attestation->head));
}

void Attester::save() {
  const Result<Done, std::string> saved = store_->save(follower_.place());
  if (!saved) return stop_with(saved.error());
  saved_ = follower_.after();
}

void Attester::send(UpTopic topic, const Bytes& payload) {
  // What is not accepted comes again with the next question.
  static_cast<void>(bus_->publish(up_topic(config_.name, topic), payload, MqttDelivery::at_least_once, MqttRetain::no));
}

void Attester::refuse(const std::string& why) {
  refuses_ = true;
  log_line(Severity::alarm, "attester",
           why + "; nothing is signed any more until this is cleared up and it is restarted");
}

void Attester::stop_with(const std::string& error) {
  log_line(Severity::alarm, "store", error + "; the attester stops rather than forget what it signed");
  failed_ = true;
}

}  // namespace

int run_attester(const AttesterConfig& config, Clock& clock, Honesty honesty) {
  catch_stop_signals();
  Result<EvmKey, std::string> key = load_key(EvmKeyKind::attester, config.key);
  if (!key) {
    log_line(Severity::alarm, "keys", key.error());
    return 1;
  }
  Result<std::unique_ptr<AttesterStore>, std::string> store = AttesterStore::open(config.store);
  if (!store) {
    log_line(Severity::alarm, "store", store.error());
    return 1;
  }
  Result<JournalPlace, std::string> place = (*store)->restore();
  if (!place) {
    log_line(Severity::alarm, "store", place.error());
    return 1;
  }
  Attester attester(config, std::move(*key), std::move(*store), std::move(*place), clock, honesty);
  return attester.start() ? attester.loop() : 1;
}

}  // namespace commonwatt
