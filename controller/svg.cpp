#include "controller/svg.hpp"

#include "controller/plot_axis.hpp"

namespace commonwatt {

std::string svg_escaped(const std::string& text) {
  std::string safe;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        // XML knows no other control characters, not even escaped.
        safe += static_cast<unsigned char>(letter) < 0x20 ? ' ' : letter;
    }
  }
  return safe;
}

std::string pixels_text(double pixels) {
  return short_text(pixels, 2, 0);
}
std::string svg_line(const char* kind, double x1, double y1, double x2, double y2) {
  return std::string("<line class=\"") + kind + "\" x1=\"" + pixels_text(x1) + "\" y1=\"" + pixels_text(y1) +
         "\" x2=\"" + pixels_text(x2) + "\" y2=\"" + pixels_text(y2) + "\"/>\n";
}
std::string svg_text(const char* kind, double x, double y, const char* anchor, const std::string& words) {
  return std::string("<text class=\"") + kind + "\" x=\"" + pixels_text(x) + "\" y=\"" + pixels_text(y) +
         "\" text-anchor=\"" + anchor + "\">" + svg_escaped(words) + "</text>\n";
}
std::string svg_path(const char* kind, const std::string& corners) {
  if (corners.empty()) return "";
  return std::string("<path class=\"") + kind + "\" d=\"" + corners + "\"/>\n";
}

std::string svg_rectangle(const char* kind, double x, double y, double width, double height) {
  return std::string("<rect class=\"") + kind + "\" x=\"" + pixels_text(x) + "\" y=\"" + pixels_text(y) +
         "\" width=\"" + pixels_text(width) + "\" height=\"" + pixels_text(height) + "\"/>\n";
}

}  // namespace commonwatt
