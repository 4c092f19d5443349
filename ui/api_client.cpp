#include "ui/api_client.hpp"

#include <QNetworkReply>
#include <QNetworkRequest>
#include <algorithm>
#include <utility>

namespace commonwatt::ui {
namespace {

using namespace std::chrono_literals;

constexpr auto answer_timeout = 4s;
constexpr auto watch_period = 250ms;
// A quiet controller is asked whether it is still there before its silence counts as stale.
constexpr auto probe_after = 1500ms;
// A connection this silent is given up and opened anew.
constexpr auto give_up_after = 10s;
constexpr qint64 body_size_max = 32LL * 1024 * 1024;

int status_of(const QNetworkReply* reply) {
  return reply->attribute(QNetworkRequest::HttpStatusCodeAttribute).toInt();
}

}  // namespace

ApiClient::ApiClient(Options options, QObject* parent)
    : DataSource(parent), options_(std::move(options)), reconnect_delay_(options_.reconnect_min) {
  network_.setRedirectPolicy(QNetworkRequest::ManualRedirectPolicy);  // A redirect would carry the token elsewhere.
  reconnect_.setSingleShot(true);
  connect(&reconnect_, &QTimer::timeout, this, &ApiClient::openStream);
  watchdog_.setInterval(watch_period);
  connect(&watchdog_, &QTimer::timeout, this, &ApiClient::watch);
}

ApiClient::~ApiClient() {
  if (stream_) stream_->disconnect(this);
}

void ApiClient::start() {
  started_.start();
  watchdog_.start();
  refresh();
  openStream();
}

void ApiClient::refresh() {
  ask(QStringLiteral("/v1/state"), QStringLiteral("state"), takerOf(QStringLiteral("state")));
  ask(QStringLiteral("/v1/households"), QStringLiteral("households"), takerOf(QStringLiteral("households")));
  ask(QStringLiteral("/v1/intervals?limit=96"), QStringLiteral("intervals"), takerOf(QStringLiteral("intervals")));
}

void ApiClient::requestHousehold(const QString& id) {
  ask(QStringLiteral("/v1/households/") + QString::fromLatin1(QUrl::toPercentEncoding(id)), QStringLiteral("household"),
      takerOf(QStringLiteral("household")));
}

void ApiClient::requestBook(UtcTime interval) {
  ask(QStringLiteral("/v1/intervals/%1/book").arg(interval.seconds()), QStringLiteral("book"),
      takerOf(QStringLiteral("book")));
}

std::optional<std::chrono::milliseconds> ApiClient::dataAge() const {
  if (!contact_.isValid()) return std::nullopt;
  return std::chrono::milliseconds(contact_.elapsed());
}

namespace {

/// Emits `signal` with the parsed value, or reports why it could not be parsed.
template <class Parsed, class Emit>
std::optional<ParseError> deliver(const Parsed& parsed, Emit emit_value) {
  if (!parsed) return parsed.error();
  emit_value(*parsed);
  return std::nullopt;
}

}  // namespace

ApiClient::Taker ApiClient::takerOf(const QString& topic) {
  using Object = const QJsonObject&;
  if (topic == QLatin1String("state")) {
    return [this](Object o) { return deliver(parse_state(o), [this](const State& v) { emit stateArrived(v); }); };
  }
  if (topic == QLatin1String("households")) {
    return [this](Object o) {
      return deliver(parse_households(o), [this](const Households& v) { emit householdsArrived(v); });
    };
  }
  if (topic == QLatin1String("interval")) {
    return [this](Object o) {
      return deliver(parse_interval(o), [this](const MarketInterval& v) { emit intervalArrived(v); });
    };
  }
  if (topic == QLatin1String("intervals")) {
    return [this](Object o) {
      return deliver(parse_intervals(o), [this](const std::vector<MarketInterval>& v) { emit intervalsArrived(v); });
    };
  }
  if (topic == QLatin1String("household")) {
    return [this](Object o) {
      return deliver(parse_household(o), [this](const HouseholdDetail& v) { emit householdArrived(v); });
    };
  }
  if (topic == QLatin1String("book")) {
    return [this](Object o) { return deliver(parse_book(o), [this](const Book& v) { emit bookArrived(v); }); };
  }
  // An event of a newer controller: none of ours.
  return [](Object) { return std::nullopt; };
}

QNetworkReply* ApiClient::get(const QString& path, const QByteArray& accept) {
  QUrl url(options_.url.toString(QUrl::RemoveUserInfo | QUrl::RemoveFragment | QUrl::StripTrailingSlash) + path);
  QNetworkRequest request(url);
  request.setAttribute(QNetworkRequest::Http2AllowedAttribute, false);
  request.setAttribute(QNetworkRequest::CacheLoadControlAttribute, QNetworkRequest::AlwaysNetwork);
  request.setRawHeader("Accept", accept);
  request.setRawHeader("User-Agent", "commonwatt-dashboard/" COMMONWATT_VERSION);
  if (!options_.token.isEmpty()) request.setRawHeader("Authorization", "Bearer " + options_.token.toUtf8());
  return network_.get(request);
}

void ApiClient::ask(const QString& path, const QString& topic, const Taker& taker) {
  QNetworkReply* reply = get(path, "application/json");
  QTimer::singleShot(answer_timeout, reply, &QNetworkReply::abort);
  connect(reply, &QNetworkReply::downloadProgress, reply, [reply](qint64 received, qint64) {
    if (received > body_size_max) reply->abort();
  });
  connect(reply, &QNetworkReply::finished, this, [this, reply, topic, taker] { answered(reply, topic, taker); });
}

void ApiClient::answered(QNetworkReply* reply, const QString& topic, const Taker& taker) {
  reply->deleteLater();
  const int status = status_of(reply);
  if (status == 0) {
    // The stream decides whether the controller is there; without a stream nobody else does.
    if (!stream_) setLink(Link::offline, reply->errorString());
    return;
  }
  // A book or a household that is not there yet is no fault of the connection.
  if (status == 404) return contacted();
  if (status != 200 || reply->error() != QNetworkReply::NoError) return refused(status);
  take(topic, reply->readAll(), taker);
}

void ApiClient::take(const QString& topic, const QByteArray& body, const Taker& taker) {
  std::optional<ParseError> fault;
  const Result<QJsonObject, ParseError> object = parse_object(body);
  if (object) {
    fault = taker(*object);
  } else {
    fault = object.error();
  }
  if (fault) {
    faults_[topic] = tr("The controller sent a %1 that cannot be read: %2").arg(topic, fault->what);
  } else {
    faults_.remove(topic);
  }
  contacted();
}

void ApiClient::openStream() {
  if (stream_) return;
  parser_.reset();
  opened_.start();
  stream_ = get(QStringLiteral("/v1/events"), "text/event-stream");
  connect(stream_, &QNetworkReply::readyRead, this, &ApiClient::readStream);
  connect(stream_, &QNetworkReply::finished, this, &ApiClient::streamFinished);
  connect(stream_, &QNetworkReply::metaDataChanged, this, [this] {
    if (!stream_ || status_of(stream_) != 200) return;
    // Intervals that passed while the stream was down are asked for; the stream brings the rest itself.
    if (link_ != Link::live) refresh();
    reconnect_delay_ = options_.reconnect_min;
  });
}

void ApiClient::readStream() {
  if (status_of(stream_) != 200) return;
  for (const SseEvent& event : parser_.feed(stream_->readAll())) {
    const QString topic = QString::fromUtf8(event.name.left(40));
    take(topic, event.data, takerOf(topic));
    if (!stream_) return;
  }
  if (parser_.overflowed()) stream_->abort();
}

void ApiClient::streamFinished() {
  // A killed controller ends as finished without an error: every end is a disconnect.
  QNetworkReply* ended = stream_;
  stream_ = nullptr;
  ended->deleteLater();
  const int status = status_of(ended);
  if (status == 0) {
    setLink(Link::offline, ended->errorString());
  } else if (status != 200) {
    refused(status);
  }
  reconnect_.start(reconnect_delay_);
  reconnect_delay_ = std::min(reconnect_delay_ * 2, options_.reconnect_max);
}

void ApiClient::refused(int status) {
  if (status == 401 || status == 403) {
    setLink(Link::denied, options_.token.isEmpty()
                              ? tr("The controller asks for a token. Start the dashboard with --token-file FILE.")
                              : tr("The controller does not accept this token. Check the file given by --token-file."));
  } else {
    setLink(Link::error, tr("The controller answered with HTTP status %1.").arg(status));
  }
}

void ApiClient::contacted() {
  contact_.restart();
  if (faults_.isEmpty()) {
    setLink(Link::live, {});
  } else {
    setLink(Link::error, faults_.first());
  }
}

void ApiClient::watch() {
  const std::chrono::milliseconds silence(contact_.isValid() ? contact_.elapsed() : started_.elapsed());
  if (stream_ && silence > probe_after && (!probe_.isValid() || probe_.hasExpired(1000))) {
    probe_.start();
    ask(QStringLiteral("/v1/state"), QStringLiteral("state"), takerOf(QStringLiteral("state")));
  }
  if (silence > options_.stale_after) {
    if (link_ == Link::live) setLink(Link::stale, tr("The controller is connected but has gone silent."));
    if (link_ == Link::connecting) setLink(Link::offline, tr("The controller does not answer."));
  }
  if (stream_ && silence > give_up_after && opened_.hasExpired(std::chrono::milliseconds(give_up_after).count())) {
    stream_->abort();
  }
}

void ApiClient::setLink(Link link, const QString& why) {
  if (link == link_ && why == why_) return;
  link_ = link;
  why_ = why;
  emit linkChanged(link, why);
}

}  // namespace commonwatt::ui
