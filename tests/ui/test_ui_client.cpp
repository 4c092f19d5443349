// The client against a real controller's socket: what it asks, how it notices that the controller is gone, and that it
// comes back by itself.
#include <QElapsedTimer>
#include <QPointer>
#include <QSignalSpy>
#include <QTcpServer>
#include <QTcpSocket>
#include <QTest>
#include <QTimerEvent>
#include <algorithm>
#include <memory>

#include "tests/ui/fixture.hpp"
#include "ui/api_client.hpp"
#include "ui/main_window.hpp"
#include "ui/theme.hpp"

namespace {

using namespace commonwatt::ui;
using namespace std::chrono_literals;

/// Speaks as much HTTP as the API needs, from the fixture.
class FixtureServer : public QObject {
 public:
  enum class Manner { answer, silent, malformed };

  bool listen(quint16 port = 0) {
    connect(&server_, &QTcpServer::newConnection, this, &FixtureServer::accept, Qt::UniqueConnection);
    return server_.listen(QHostAddress::LocalHost, port);
  }
  /// What a killed process looks like: no port, and every connection gone.
  void kill() {
    server_.close();
    for (const QPointer<QTcpSocket>& socket : sockets_) {
      if (socket) socket->abort();
    }
    streams_.clear();
    sockets_.clear();
  }
  void push(const QByteArray& event, const QByteArray& data) {
    for (const QPointer<QTcpSocket>& stream : streams_) {
      if (stream) stream->write("event: " + event + "\ndata: " + data + "\n\n");
    }
  }
  [[nodiscard]] quint16 port() const { return server_.serverPort(); }
  [[nodiscard]] QUrl url() const { return QUrl(QStringLiteral("http://127.0.0.1:%1").arg(port())); }

  QByteArray token;
  Manner manner = Manner::answer;
  QStringList paths;

 private:
  void accept() {
    while (QTcpSocket* socket = server_.nextPendingConnection()) {
      sockets_.emplace_back(socket);
      connect(socket, &QTcpSocket::disconnected, socket, &QObject::deleteLater);
      connect(socket, &QTcpSocket::readyRead, this, [this, socket] {
        const QByteArray request = socket->property("request").toByteArray() + socket->readAll();
        socket->setProperty("request", request);
        if (!request.contains("\r\n\r\n")) return;
        socket->setProperty("request", QByteArray());
        answer(*socket, request);
      });
    }
  }

  void answer(QTcpSocket& socket, const QByteArray& request) {
    const QString path = QString::fromUtf8(request.split(' ').value(1));
    paths << path;
    if (manner == Manner::silent) return;
    if (!token.isEmpty() && !request.contains("Authorization: Bearer " + token + "\r\n")) {
      return reply(socket, "401 Unauthorized", R"({"error":{"code":"unauthorized","message":"no token"}})");
    }
    if (path == QLatin1String("/v1/events")) {
      socket.write("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n: hello\n\n");
      streams_.emplace_back(&socket);
      push("state", state());
      push("households", fixture::households_json());
      return;
    }
    if (path == QLatin1String("/v1/state")) return reply(socket, "200 OK", state());
    if (path == QLatin1String("/v1/households")) return reply(socket, "200 OK", fixture::households_json());
    if (path.startsWith(QLatin1String("/v1/households/"))) {
      return reply(socket, "200 OK", fixture::household_json(path.section(QLatin1Char('/'), 3)));
    }
    if (path.endsWith(QLatin1String("/book"))) return reply(socket, "200 OK", fixture::book_json());
    if (path.startsWith(QLatin1String("/v1/intervals"))) return reply(socket, "200 OK", fixture::intervals_json());
    reply(socket, "404 Not Found", R"({"error":{"code":"not_found","message":"no such path"}})");
  }

  [[nodiscard]] QByteArray state() const {
    return manner == Manner::malformed ? QByteArray(R"({"time": "noon"})") : fixture::state_json();
  }

  static void reply(QTcpSocket& socket, const QByteArray& status, const QByteArray& body) {
    socket.write("HTTP/1.1 " + status + "\r\nContent-Type: application/json\r\nContent-Length: " +
                 QByteArray::number(body.size()) + "\r\nConnection: close\r\n\r\n" + body);
    socket.disconnectFromHost();
  }

  QTcpServer server_;
  std::vector<QPointer<QTcpSocket>> sockets_;
  std::vector<QPointer<QTcpSocket>> streams_;
};

constexpr int patience = 60'000;  // ms; a loaded machine is slow

/// How long the machine kept this process from its work: what comes late by that is not the client's fault.
class Heart : public QObject {
 public:
  Heart() {
    since_.start();
    startTimer(20, Qt::PreciseTimer);
  }
  qint64 longest() { return longest_ = std::max(longest_, since_.elapsed()); }
  void restart() {
    since_.restart();
    longest_ = 0;
  }

 private:
  void timerEvent(QTimerEvent* /*event*/) override {
    longest();
    since_.restart();
  }
  QElapsedTimer since_;
  qint64 longest_ = 0;
};

/// A client, and what it said last.
struct Connected {
  explicit Connected(const FixtureServer& server, const QString& token = {})
      : client({.url = server.url(), .token = token, .reconnect_min = 100ms, .reconnect_max = 300ms}) {
    QObject::connect(&client, &DataSource::linkChanged, &client, [this](Link changed, const QString& reason) {
      link = changed;
      why = reason;
      if (changed == Link::error) ++errors;
    });
  }

  ApiClient client;
  Link link = Link::connecting;
  QString why;
  int errors = 0;
};

class ClientTest : public QObject {
  Q_OBJECT

 private slots:
  void everything_arrives_after_the_start() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    QSignalSpy states(&connected.client, &DataSource::stateArrived);
    QSignalSpy households(&connected.client, &DataSource::householdsArrived);
    QSignalSpy intervals(&connected.client, &DataSource::intervalsArrived);
    QVERIFY(!connected.client.dataAge());
    QElapsedTimer since_start;
    since_start.start();
    connected.client.start();
    QTRY_VERIFY_WITH_TIMEOUT(!states.isEmpty() && !households.isEmpty() && !intervals.isEmpty(), patience);
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::live, patience);
    QVERIFY(server.paths.contains(QStringLiteral("/v1/intervals?limit=96")));
    QVERIFY(connected.client.dataAge()->count() <= since_start.elapsed());
  }

  void an_event_arrives_without_being_asked_for() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    QSignalSpy households(&connected.client, &DataSource::householdsArrived);
    QSignalSpy intervals(&connected.client, &DataSource::intervalArrived);
    connected.client.start();
    QTRY_VERIFY_WITH_TIMEOUT(households.size() >= 2, patience);
    server.push("interval", R"({"interval": 1782036900, "state": "cleared", "price": 1, "volume_wh": 2})");
    QTRY_COMPARE_WITH_TIMEOUT(intervals.size(), 1, patience);
    server.push("weather", R"({"rain": true})");
    server.push("interval", R"({"interval": 1782036900, "state": "settled", "price": 1, "volume_wh": 2})");
    QTRY_COMPARE_WITH_TIMEOUT(intervals.size(), 2, patience);
    QCOMPARE(connected.link, Link::live);
  }

  void a_household_and_a_book_are_asked_for_by_name() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    QSignalSpy households(&connected.client, &DataSource::householdArrived);
    QSignalSpy books(&connected.client, &DataSource::bookArrived);
    connected.client.requestHousehold(QStringLiteral("hh001"));
    connected.client.requestBook(commonwatt::UtcTime::from_seconds(900));
    QTRY_VERIFY_WITH_TIMEOUT(!households.isEmpty() && !books.isEmpty(), patience);
    QVERIFY(server.paths.contains(QStringLiteral("/v1/intervals/900/book")));
    connected.client.requestHousehold(QStringLiteral("../state?x=1"));
    QTRY_VERIFY_WITH_TIMEOUT(server.paths.contains(QStringLiteral("/v1/households/..%2Fstate%3Fx%3D1")), patience);
  }

  void a_token_is_sent_and_its_lack_is_named() {
    FixtureServer server;
    server.token = "secret";
    QVERIFY(server.listen());
    Connected without(server);
    without.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(without.link, Link::denied, patience);
    QVERIFY(without.why.contains(QStringLiteral("--token-file")));
    Connected wrong(server, QStringLiteral("guess"));
    wrong.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(wrong.link, Link::denied, patience);
    QVERIFY(wrong.why.contains(QStringLiteral("does not accept")));
    Connected with(server, QStringLiteral("secret"));
    with.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(with.link, Link::live, patience);
  }

  void a_state_that_cannot_be_read_is_named_and_forgiven() {
    FixtureServer server;
    server.manner = FixtureServer::Manner::malformed;
    QVERIFY(server.listen());
    Connected connected(server);
    QSignalSpy states(&connected.client, &DataSource::stateArrived);
    connected.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::error, patience);
    QVERIFY(connected.why.contains(QStringLiteral("state.time is not a whole number")));
    QVERIFY(states.isEmpty());
    server.manner = FixtureServer::Manner::answer;
    server.push("state", fixture::state_json());
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::live, patience);
    // Counted, because an answer still on its way may forgive it again at once.
    const int before = connected.errors;
    server.push("state", "{\"time\": 1");
    QTRY_VERIFY_WITH_TIMEOUT(connected.errors > before, patience);
  }

  void no_controller_at_all_is_said_at_once() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    server.kill();
    connected.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::offline, patience);
    QVERIFY(!connected.why.isEmpty());
    QVERIFY(!connected.client.dataAge());
  }

  void the_banner_stands_within_five_seconds_of_a_kill_and_goes_when_the_controller_returns() {
    FixtureServer server;
    QVERIFY(server.listen());
    const quint16 port = server.port();
    Connected connected(server);
    apply_theme(*qApp, Mode::light);
    MainWindow window(connected.client, Mode::light);
    window.show();
    connected.client.start();
    QTRY_VERIFY_WITH_TIMEOUT(window.hasData(), patience);
    QTRY_COMPARE_WITH_TIMEOUT(window.link(), Link::live, patience);
    QCOMPARE(window.bannerText(), QString());
    Heart heart;
    QElapsedTimer since_kill;
    since_kill.start();
    server.kill();
    QTRY_VERIFY_WITH_TIMEOUT(!window.bannerText().isEmpty(), patience);
    const qint64 took = since_kill.elapsed();
    qInfo("banner %lld ms after the kill: %s", static_cast<long long>(took), qPrintable(window.bannerText()));
    QVERIFY(took < 5000 + heart.longest());
    QVERIFY(window.bannerText().contains(QStringLiteral("old")));
    QVERIFY(server.listen(port));
    QTRY_VERIFY_WITH_TIMEOUT(window.bannerText().isEmpty(), patience);
    QCOMPARE(window.link(), Link::live);
  }

  void a_controller_that_hangs_is_stale_within_five_seconds() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    connected.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::live, patience);
    QTest::qWait(200);
    server.manner = FixtureServer::Manner::silent;
    Heart heart;
    qint64 age = 0;
    QObject::connect(&connected.client, &DataSource::linkChanged, &heart,
                     [&] { age = connected.client.dataAge()->count(); });
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::stale, patience);
    QObject::disconnect(&connected.client, nullptr, &heart, nullptr);
    // Half a second of the probe's own period may pass before the last answer.
    qInfo("stale %lld ms after the last answer", static_cast<long long>(age));
    QVERIFY(age < 5000 + heart.longest());
    server.manner = FixtureServer::Manner::answer;
    server.push("state", fixture::state_json());
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::live, patience);
  }

  void a_quiet_controller_that_answers_is_not_stale() {
    FixtureServer server;
    QVERIFY(server.listen());
    Connected connected(server);
    connected.client.start();
    QTRY_COMPARE_WITH_TIMEOUT(connected.link, Link::live, patience);
    QSignalSpy links(&connected.client, &DataSource::linkChanged);
    Heart heart;
    // Six seconds in which the machine did not keep it from hearing the answers.
    for (int tries = 0; tries < 10; ++tries) {
      links.clear();
      heart.restart();
      QTest::qWait(6000);
      if (heart.longest() < 1000) break;
    }
    QCOMPARE(links.size(), 0);
  }
};

}  // namespace

QTEST_MAIN(ClientTest)
#include "test_ui_client.moc"
