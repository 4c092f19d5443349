// The state of the connection in words: for the banner, the status bar and a page that has nothing to show yet.
#pragma once

#include <QString>

#include "ui/data_source.hpp"

namespace commonwatt::ui {

struct NoticeText {
  QString title, text;
};

/// One or two words: "connected", "not reachable".
QString link_text(Link link);
/// What the banner says over old values; empty while the data is live.
QString banner_text(Link link, const QString& why);
/// What a page says that never got data.
NoticeText notice_text(Link link, const QString& why, const QString& source_name);

}  // namespace commonwatt::ui
