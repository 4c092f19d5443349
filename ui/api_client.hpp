// The data source that reads a controller's HTTP API (docs/api.md): GET for what is asked, server-sent events for what
// changes.
#pragma once

#include <QElapsedTimer>
#include <QMap>
#include <QNetworkAccessManager>
#include <QPointer>
#include <QTimer>
#include <QUrl>
#include <functional>

#include "ui/data_source.hpp"
#include "ui/sse_parser.hpp"

class QNetworkReply;

namespace commonwatt::ui {

class ApiClient : public DataSource {
  Q_OBJECT
 public:
  struct Options {
    QUrl url;
    /// Empty when the controller asks for none.
    QString token;
    /// Silence after which the data counts as stale. The banner must stand within 5 s.
    std::chrono::milliseconds stale_after{4500};
    std::chrono::milliseconds reconnect_min{500};
    std::chrono::milliseconds reconnect_max{2000};
  };

  explicit ApiClient(Options options, QObject* parent = nullptr);
  ~ApiClient() override;

  void start() override;
  void refresh() override;
  void requestHousehold(const QString& id) override;
  void requestBook(commonwatt::UtcTime interval) override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> dataAge() const override;
  [[nodiscard]] QString name() const override { return options_.url.toDisplayString(); }

 private:
  /// Takes a checked object and reports whether it was understood.
  using Taker = std::function<std::optional<ParseError>(const QJsonObject&)>;

  QNetworkReply* get(const QString& path, const QByteArray& accept);
  void ask(const QString& path, const QString& topic, const Taker& taker);
  void take(const QString& topic, const QByteArray& body, const Taker& taker);
  void answered(QNetworkReply* reply, const QString& topic, const Taker& taker);
  [[nodiscard]] Taker takerOf(const QString& topic);
  void openStream();
  void readStream();
  void streamFinished();
  void watch();
  void refused(int status);
  void contacted();
  void setLink(Link link, const QString& why);

  Options options_;
  QNetworkAccessManager network_;
  QPointer<QNetworkReply> stream_;
  SseParser parser_;
  QTimer reconnect_;
  QTimer watchdog_;
  QElapsedTimer started_;
  QElapsedTimer opened_;
  QElapsedTimer contact_;
  QElapsedTimer probe_;
  std::chrono::milliseconds reconnect_delay_;
  /// What was not understood last, by topic; empty again when the topic is understood.
  QMap<QString, QString> faults_;
  Link link_ = Link::connecting;
  QString why_;
};

}  // namespace commonwatt::ui
