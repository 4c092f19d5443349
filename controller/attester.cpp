#include "controller/attester.hpp"

#include <algorithm>
#include <deque>
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
  Attester(const AttesterConfig& config, EvmSigner signer, std::unique_ptr<AttesterStore> store, JournalPlace place,
           Clock& clock, Honesty honesty)
      : config_(config),
        signer_(std::move(signer)),
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
  void attest_waiting();
  bool attest(const Anchor& anchor);
  std::optional<Bytes> sign(const Anchor& anchor);
  void wait_for(const std::string& source, std::int64_t epoch, const std::string& why);
  void ask();
  void repeat();
  void save();
  void send(UpTopic topic, const Bytes& payload);
  void refuse(const std::string& why);
  void stop_with(const std::string& error);

  const AttesterConfig& config_;
  EvmSigner signer_;
  std::unique_ptr<AttesterStore> store_;
  JournalFollower follower_;
  std::int64_t saved_;
  Clock& clock_;
  Honesty honesty_;
  Inbox<Bytes> inbox_;
  SteadyTime next_question_{};
  std::int64_t attested_ = 0;   // by the controller's word, what needs no more attestations
  std::deque<Anchor> waiting_;  // unsigned, of one page: while there are any, the journal is not followed on
  std::string waits_for_;       // why an anchor is not signed, as it was told
  std::string unsaved_;         // why the place was not saved, as it was told
  bool refuses_ = false;        // the journal is not one history: nothing is signed any more
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
           config_.name.text() + " signs with " + to_text(signer_.address()) + ", from entry " +
               std::to_string(follower_.after()) + " on");
  return true;
}

int Attester::loop() {
  while (!stop_requested() && !failed_) {
    if (std::chrono::steady_clock::now() >= next_question_) {
      attest_waiting();
      ask();
      repeat();
    }
    for (const Bytes& payload : inbox_.take(clock_, clock_.now() + std::chrono::hours(1), patience)) take(payload);
  }
  save();
  return failed_ ? 1 : 0;
}

void Attester::ask() {
  next_question_ = std::chrono::steady_clock::now() + asking_period;
  if (refuses_ || !waiting_.empty()) return;
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
  if (refuses_ || failed_ || !waiting_.empty()) return;
  const Result<JournalPage, CborError> page = decode<JournalPage>(payload);
  if (!page) return log_line(Severity::warning, "controller", "a page of the journal is not readable");
  attested_ = page->attested;
  const std::int64_t before = follower_.after();
  const std::int64_t parts = follower_.offset();
  const Result<JournalFollower::Step, std::string> step = follower_.take(*page);
  if (!step) return refuse(step.error());
  for (const std::string& note : step->notes) log_line(Severity::warning, "journal", note);
  waiting_.assign(step->anchors.begin(), step->anchors.end());
  attest_waiting();
  if (failed_ || refuses_ || !waiting_.empty()) return;
  const bool caught_up = follower_.after() == page->entries;
  if (!step->anchors.empty() || follower_.after() >= saved_ + save_entries) save();
  const bool went_on = follower_.after() != before || follower_.offset() != parts;
  if (went_on && !caught_up) ask();
}

/// Signs what waits, in its sequence, as far as the key does.
void Attester::attest_waiting() {
  while (!waiting_.empty() && !failed_ && !refuses_ && attest(waiting_.front())) {
    waiting_.pop_front();
  }
}

/// False when it has to be tried again.
bool Attester::attest(const Anchor& anchor) {
  Anchor signed_one = anchor;
  if (honesty_ == Honesty::lies) signed_one.settlement_root[0] ^= 1;
  const Result<std::optional<Attestation>, NotSigned> attestation =
      store_->sign_once(signed_one, [this](const Anchor& one) { return sign(one); });
  if (!attestation) {
    switch (attestation.error().fault) {
      case SigningFault::signed_another:
        refuse(attestation.error().text);
        break;
      case SigningFault::store:
        wait_for("store", anchor.epoch, attestation.error().text);
        break;
    }
    return false;
  }
  if (!*attestation) return false;
  waits_for_.clear();
  send(UpTopic::attestation, encode(**attestation));
  log_line(Severity::info, "attester",
           "epoch " + std::to_string(anchor.epoch) + " is signed: " + to_hex((*attestation)->head));
  return true;
}

/// Nothing, and the operator is told, while the key's token does not answer.
std::optional<Bytes> Attester::sign(const Anchor& anchor) {
  const Result<EvmSignature, std::string> signature = signer_.sign(anchor_digest(anchor, config_.domain));
  if (signature) return signature->packed();
  wait_for("keys", anchor.epoch, signature.error());
  return std::nullopt;
}

void Attester::wait_for(const std::string& source, std::int64_t epoch, const std::string& why) {
  if (std::exchange(waits_for_, why) == why) return;
  log_line(Severity::alarm, source,
           "epoch " + std::to_string(epoch) + " is not signed: " + why +
               "; it is tried again every second, and the journal is followed on when it is signed");
}

/// Not while anchors wait: after a restart they are come to again, as everything is behind the place saved last.
void Attester::save() {
  if (failed_ || refuses_ || !waiting_.empty()) return;
  const Result<Done, std::string> saved = store_->save(follower_.place());
  if (saved) saved_ = follower_.after();
  const std::string why = saved ? "" : saved.error();
  if (std::exchange(unsaved_, why) == why || saved) return;
  log_line(Severity::alarm, "store",
           why + "; a restart would follow the journal from " + std::to_string(saved_) + " on");
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
  Result<EvmSigner, std::string> signer = open_signer(EvmKeyKind::attester, config.key);
  if (!signer) {
    log_line(Severity::alarm, "keys", signer.error());
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
  Attester attester(config, std::move(*signer), std::move(*store), std::move(*place), clock, honesty);
  return attester.start() ? attester.loop() : 1;
}

}  // namespace commonwatt
