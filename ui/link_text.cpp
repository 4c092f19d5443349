#include "ui/link_text.hpp"

#include <QCoreApplication>

namespace commonwatt::ui {
namespace {

struct LinkWords {
  Q_DECLARE_TR_FUNCTIONS(LinkWords)
};

QString with_reason(const QString& text, const QString& why) {
  return why.isEmpty() ? text : text + QLatin1Char(' ') + why;
}

}  // namespace

QString link_text(Link link) {
  switch (link) {
    case Link::connecting:
      return LinkWords::tr("connecting");
    case Link::live:
      return LinkWords::tr("connected");
    case Link::stale:
      return LinkWords::tr("silent");
    case Link::offline:
      return LinkWords::tr("not reachable");
    case Link::denied:
      return LinkWords::tr("no permission");
    case Link::error:
      return LinkWords::tr("not understood");
  }
  return {};
}

QString banner_text(Link link, const QString& why) {
  switch (link) {
    case Link::connecting:
    case Link::live:
      return {};
    case Link::stale:
      return with_reason(LinkWords::tr("The values are old."), why);
    case Link::offline:
      return with_reason(LinkWords::tr("Connection lost, the values are old. Trying again every two seconds."), why);
    case Link::denied:
      return with_reason(LinkWords::tr("No permission, the values are old."), why);
    case Link::error:
      return with_reason(LinkWords::tr("Some values may be old."), why);
  }
  return {};
}

NoticeText notice_text(Link link, const QString& why, const QString& source_name) {
  switch (link) {
    case Link::connecting:
      return {LinkWords::tr("Loading"), LinkWords::tr("Waiting for the controller at %1.").arg(source_name)};
    case Link::live:
      return {LinkWords::tr("Loading"), LinkWords::tr("The controller at %1 is about to answer.").arg(source_name)};
    case Link::stale:
      return {LinkWords::tr("The controller is silent"), why};
    case Link::offline:
      return {LinkWords::tr("The controller cannot be reached"),
              LinkWords::tr("Nothing answers at %1. Check that the controller runs and that --url names it; "
                            "the dashboard tries again by itself. (%2)")
                  .arg(source_name, why)};
    case Link::denied:
      return {LinkWords::tr("No permission"), why};
    case Link::error:
      return {LinkWords::tr("The controller's answer cannot be read"), why};
  }
  return {};
}

}  // namespace commonwatt::ui
