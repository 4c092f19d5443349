// The dashboard program: reads the command line, opens the window, or takes one picture of it.
#include <QApplication>
#include <QCommandLineParser>
#include <QFile>
#include <QSocketNotifier>
#include <QTimer>
#include <csignal>
#include <cstdio>

#include <sys/socket.h>
#include <unistd.h>

#include "ui/api_client.hpp"
#include "ui/main_window.hpp"
#include "ui/theme.hpp"

namespace {

using namespace commonwatt::ui;

constexpr int exit_failure = 1;
constexpr int exit_usage = 64;
constexpr int wait_default_milliseconds = 5000;
constexpr int wait_max_milliseconds = 600'000;
constexpr qint64 token_size_max = 4096;

struct Arguments {
  ApiClient::Options client;
  Mode mode = Mode::light;
  Page page = Page::overview;
  QString screenshot;
  int wait_milliseconds = wait_default_milliseconds;
};

[[noreturn]] void refuse(const QString& message) {
  std::fprintf(stderr, "commonwatt-dashboard: %s\nTry 'commonwatt-dashboard --help'.\n", qUtf8Printable(message));
  std::exit(exit_usage);
}

QString read_token(const QString& path) {
  QFile file(path);
  if (!file.open(QIODevice::ReadOnly))
    refuse(QStringLiteral("cannot read the token file %1: %2").arg(path, file.errorString()));
  QString token = QString::fromUtf8(file.read(token_size_max)).trimmed();
  if (token.isEmpty() || token.contains(QLatin1Char('\n')) || token.contains(QLatin1Char('\r'))) {
    refuse(QStringLiteral("the token file %1 does not hold one line with a token").arg(path));
  }
  return token;
}

Mode mode_of(const QString& text) {
  if (text == QLatin1String("light")) return Mode::light;
  if (text == QLatin1String("dark")) return Mode::dark;
  if (text == QLatin1String("system")) return system_mode();
  refuse(QStringLiteral("--theme is \"%1\"; it can be light, dark or system").arg(text));
}

Page page_of(const QString& text) {
  if (text == QLatin1String("overview")) return Page::overview;
  if (text == QLatin1String("households")) return Page::households;
  refuse(QStringLiteral("--page is \"%1\"; it can be overview or households").arg(text));
}

Arguments read_arguments(const QApplication& application) {
  QCommandLineParser parser;
  parser.setApplicationDescription(
      QStringLiteral("Shows a neighbourhood's energy market as its controller reports it."));
  const QCommandLineOption url(QStringLiteral("url"), QStringLiteral("The controller's address."),
                               QStringLiteral("URL"), QStringLiteral("http://127.0.0.1:8480"));
  const QCommandLineOption token(QStringLiteral("token-file"), QStringLiteral("File with the bearer token."),
                                 QStringLiteral("FILE"));
  const QCommandLineOption theme(QStringLiteral("theme"), QStringLiteral("light, dark or system."),
                                 QStringLiteral("THEME"), QStringLiteral("system"));
  const QCommandLineOption page(QStringLiteral("page"), QStringLiteral("overview or households."),
                                QStringLiteral("PAGE"), QStringLiteral("overview"));
  const QCommandLineOption screenshot(QStringLiteral("screenshot"),
                                      QStringLiteral("Write a picture of the page to FILE and exit."),
                                      QStringLiteral("FILE"));
  const QCommandLineOption wait(QStringLiteral("wait-ms"),
                                QStringLiteral("Take the picture after N milliseconds of live data."),
                                QStringLiteral("N"), QString::number(wait_default_milliseconds));
  parser.addOptions({url, token, theme, page, screenshot, wait});
  parser.addHelpOption();
  parser.addVersionOption();
  parser.process(application);
  if (!parser.positionalArguments().isEmpty())
    refuse(QStringLiteral("unexpected argument \"%1\"").arg(parser.positionalArguments().first()));

  Arguments arguments;
  arguments.client.url = QUrl(parser.value(url), QUrl::StrictMode);
  const QString scheme = arguments.client.url.scheme();
  if (!arguments.client.url.isValid() || arguments.client.url.host().isEmpty() ||
      (scheme != QLatin1String("http") && scheme != QLatin1String("https"))) {
    refuse(QStringLiteral("--url is \"%1\"; it must be http://HOST:PORT or https://HOST:PORT").arg(parser.value(url)));
  }
  if (parser.isSet(token)) arguments.client.token = read_token(parser.value(token));
  arguments.mode = mode_of(parser.value(theme));
  arguments.page = page_of(parser.value(page));
  arguments.screenshot = parser.value(screenshot);
  bool number = false;
  arguments.wait_milliseconds = parser.value(wait).toInt(&number);
  if (!number || arguments.wait_milliseconds < 1 || arguments.wait_milliseconds > wait_max_milliseconds) {
    refuse(
        QStringLiteral("--wait-ms is \"%1\"; it must be 1 to %2").arg(parser.value(wait)).arg(wait_max_milliseconds));
  }
  return arguments;
}

int signal_sockets[2] = {-1, -1};

/// May only do what POSIX allows in a signal handler: the notifier at the other end does the rest.
void on_signal(int /*number*/) {
  const char byte = 1;
  [[maybe_unused]] const ssize_t written = ::write(signal_sockets[0], &byte, 1);
}

void quit_on_signals(QApplication& application) {
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, signal_sockets) != 0) return;
  auto* notifier = new QSocketNotifier(signal_sockets[1], QSocketNotifier::Read, &application);
  QObject::connect(notifier, &QSocketNotifier::activated, &application, [] { QApplication::quit(); });
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  sigaction(SIGTERM, &action, nullptr);
  sigaction(SIGINT, &action, nullptr);
}

int take_picture(MainWindow& window, const ApiClient& client, const QString& path) {
  if (!window.hasData()) {
    std::fprintf(stderr, "commonwatt-dashboard: no data came from %s in time (%s)\n", qUtf8Printable(client.name()),
                 qUtf8Printable(window.linkWords()));
    return exit_failure;
  }
  if (QApplication::focusWidget() != nullptr) QApplication::focusWidget()->clearFocus();
  if (!window.grab().save(path, "PNG")) {
    std::fprintf(stderr, "commonwatt-dashboard: cannot write %s\n", qUtf8Printable(path));
    return exit_failure;
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  QApplication application(argc, argv);
  QApplication::setApplicationName(QStringLiteral("commonwatt-dashboard"));
  QApplication::setApplicationVersion(QStringLiteral(COMMONWATT_VERSION));
  const Arguments arguments = read_arguments(application);
  apply_theme(application, arguments.mode);
  quit_on_signals(application);

  ApiClient client(arguments.client);
  MainWindow window(client, arguments.mode);
  window.showPage(arguments.page);
  window.show();
  client.start();
  if (!arguments.screenshot.isEmpty()) {
    window.setAnimated(false);
    // The detail pane needs a moment to hear of the household selected for the picture.
    QTimer::singleShot(arguments.wait_milliseconds / 2, &window, [&] { window.showPage(arguments.page); });
    QTimer::singleShot(arguments.wait_milliseconds, &application,
                       [&] { QApplication::exit(take_picture(window, client, arguments.screenshot)); });
  }
  return QApplication::exec();
}
