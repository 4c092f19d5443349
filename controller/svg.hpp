// Elements of an SVG picture as text. `kind` is the class that the picture's style knows.
#pragma once

#include <string>

namespace commonwatt {

/// Fit for text and attributes of XML.
std::string svg_escaped(const std::string& text);
/// A length or place, to a hundredth of a pixel.
std::string pixels_text(double pixels);

std::string svg_line(const char* kind, double x1, double y1, double x2, double y2);
/// `anchor` is what of the words lies at x: start, middle or end.
std::string svg_text(const char* kind, double x, double y, const char* anchor, const std::string& words);
/// Nothing when there are no corners.
std::string svg_path(const char* kind, const std::string& corners);
/// An upright rectangle by its left upper corner.
std::string svg_rectangle(const char* kind, double x, double y, double width, double height);

}  // namespace commonwatt
