// The picture of an auction: well-formed in every case, its staircases at the right places, its labels legible.
#include <algorithm>
#include <cmath>
#include <map>

#include <doctest/doctest.h>

#include "controller/auction_plot.hpp"
#include "controller/plot_axis.hpp"
#include "controller/plot_staircase.hpp"
#include "controller/svg.hpp"
#include "tests/market/auctions.hpp"
#include "tests/market/limit_books.hpp"

namespace commonwatt {
namespace {

using test::Auction;
using test::buy;
using test::sell;

Auction auction_with(std::vector<LimitOrder> orders, std::vector<Zone> zones = {Zone{}}) {
  return test::auction_of({.tree = *ZoneTree::from(std::move(zones)), .orders = std::move(orders)});
}

const OrderNames plain_names{.order = [](std::size_t i) { return "order " + std::to_string(i); },
                             .zone = [](ZoneIndex zone) { return "Z" + std::to_string(zone); }};

std::string draw(Mechanism mechanism, const Auction& auction, const AuctionResult& result,
                 std::optional<std::size_t> marked = {}, const OrderNames& names = plain_names) {
  return auction_svg(
      {.mechanism = mechanism, .orders = auction.orders, .tree = auction.tree, .result = result, .marked = marked},
      names);
}
std::string draw(const Auction& auction, std::optional<std::size_t> marked = {}) {
  return draw(Mechanism::uniform, auction, test::call_result(Mechanism::uniform, auction), marked);
}

bool says(const std::string& svg, const std::string& words) {
  return svg.find(words) != std::string::npos;
}

struct Element {
  std::string name;
  std::map<std::string, std::string> attributes;
  std::string words;

  [[nodiscard]] double at(const std::string& attribute) const {
    return attributes.contains(attribute) ? std::stod(attributes.at(attribute)) : 0;
  }
  [[nodiscard]] std::string kind() const { return attributes.contains("class") ? attributes.at("class") : ""; }
};

/// Text between tags or quotes with its escapes undone; nothing else may begin with an &.
std::string unescaped(const std::string& text) {
  static const std::map<std::string, char> escapes{{"amp", '&'}, {"lt", '<'}, {"gt", '>'}, {"quot", '"'}};
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    REQUIRE(static_cast<unsigned char>(text[i]) >= (text[i] == '\n' ? '\n' : ' '));
    REQUIRE((text[i] != '<' && text[i] != '>'));
    if (text[i] != '&') {
      plain += text[i];
      continue;
    }
    const std::size_t end = text.find(';', i);
    REQUIRE(end != std::string::npos);
    plain += escapes.at(text.substr(i + 1, end - i - 1));
    i = end;
  }
  return plain;
}

/// An opening tag from its name on, ` name="value"` by ` name="value"`.
Element element_of(const std::string& tag) {
  Element element{.name = tag.substr(0, tag.find(' ')), .attributes = {}, .words = {}};
  for (std::size_t at = element.name.size(); at < tag.size();) {
    REQUIRE(tag[at] == ' ');
    const std::size_t equals = tag.find("=\"", at);
    REQUIRE(equals != std::string::npos);
    const std::size_t end = tag.find('"', equals + 2);
    REQUIRE(end != std::string::npos);
    const std::string name = tag.substr(at + 1, equals - at - 1);
    REQUIRE(name.find_first_not_of("abcdefghijklmnopqrstuvwxyzB-12") == std::string::npos);
    REQUIRE(element.attributes.emplace(name, unescaped(tag.substr(equals + 2, end - equals - 2))).second);
    at = end + 1;
  }
  return element;
}

/// All elements, once it is seen that tags are balanced and nothing is left over between them.
std::vector<Element> elements_of(const std::string& svg) {
  std::vector<Element> elements;
  std::vector<std::string> open;
  for (std::size_t at = 0; at < svg.size();) {
    REQUIRE(svg[at] == '<');
    const std::size_t end = svg.find('>', at);
    REQUIRE(end != std::string::npos);
    std::string tag = svg.substr(at + 1, end - at - 1);
    at = std::min(svg.find('<', end), svg.size());
    const std::string words = unescaped(svg.substr(end + 1, at - end - 1));
    if (tag.front() == '/') {
      REQUIRE_FALSE(open.empty());
      REQUIRE(open.back() == tag.substr(1));
      open.pop_back();
      continue;
    }
    const bool is_empty = tag.back() == '/';
    if (is_empty) tag.pop_back();
    elements.push_back(element_of(tag));
    elements.back().words = words;
    if (!is_empty) open.push_back(elements.back().name);
  }
  REQUIRE(open.empty());
  REQUIRE(elements.front().name == "svg");
  return elements;
}

struct Box {
  double left = 0;
  double right = 0;
  double top = 0;
  double bottom = 0;
  std::string words;
};

/// Where a text stands; letters are taken for a little narrower than the widest font has them.
Box box_of(const Element& text) {
  const double wide = static_cast<double>(text.words.size()) * (text.kind() == "title" ? 9.0 : 6.4);
  const std::string anchor = text.attributes.at("text-anchor");
  const double x = text.at("x") - (anchor == "middle" ? wide / 2 : anchor == "end" ? wide : 0);
  return {.left = x, .right = x + wide, .top = text.at("y") - 10, .bottom = text.at("y") + 3, .words = text.words};
}

/// Well-formed, all of it inside the picture, and no label over another.
void check_picture(const std::string& svg) {
  CAPTURE(svg);
  REQUIRE(svg.size() < 200'000);
  REQUIRE_FALSE(says(svg, "nan"));
  REQUIRE_FALSE(says(svg, "inf"));
  REQUIRE_FALSE(says(svg, "<script"));
  REQUIRE_FALSE(says(svg, "http://www.w3.org/1999"));
  std::vector<Box> boxes;
  for (const Element& element : elements_of(svg)) {
    for (const char* const x : {"x", "x1", "x2"}) REQUIRE((element.at(x) >= 0 && element.at(x) <= 960));
    for (const char* const y : {"y", "y1", "y2"}) REQUIRE((element.at(y) >= 0 && element.at(y) <= 600));
    REQUIRE((element.name != "rect" || (element.at("width") >= 0 && element.at("height") >= 0)));
    if (element.name != "text" || element.attributes.contains("transform") || element.kind() == "halo") continue;
    boxes.push_back(box_of(element));
  }
  for (std::size_t i = 0; i < boxes.size(); ++i) {
    CAPTURE(boxes[i].words);
    REQUIRE((boxes[i].left >= 0 && boxes[i].right <= 960 && boxes[i].top >= 0 && boxes[i].bottom <= 600));
    for (std::size_t j = 0; j < i; ++j) {
      CAPTURE(boxes[j].words);
      const bool apart = boxes[i].right <= boxes[j].left || boxes[j].right <= boxes[i].left ||
                         boxes[i].bottom <= boxes[j].top || boxes[j].bottom <= boxes[i].top;
      REQUIRE(apart);
    }
  }
}

const Element& first_of(const std::vector<Element>& elements, const std::string& name, const std::string& kind) {
  const auto found = std::find_if(elements.begin(), elements.end(), [&](const Element& element) {
    return element.name == name && element.kind() == kind;
  });
  REQUIRE(found != elements.end());
  return *found;
}

struct Corner {
  double x = 0;
  double y = 0;
};
std::vector<Corner> corners_of(const std::string& path) {
  std::vector<Corner> corners;
  for (std::size_t at = 0; at < path.size();) {
    const std::size_t end = std::min(path.find_first_of("MVH", at + 1), path.size());
    const std::string numbers = path.substr(at + 1, end - at - 1);
    const double first = std::stod(numbers);
    if (path[at] == 'M') {
      corners.push_back({first, std::stod(numbers.substr(numbers.find(' ') + 1))});
    } else {
      corners.push_back(path[at] == 'V' ? Corner{corners.back().x, first} : Corner{first, corners.back().y});
    }
    at = end;
  }
  return corners;
}

TEST_CASE("axes begin and end at round ticks and hold what they are made for") {
  const PlotAxis axis = round_axis(0.05, 0.33, 8, 100, 0);
  CHECK(axis.low == doctest::Approx(0.05));
  CHECK(axis.high == doctest::Approx(0.35));
  CHECK(axis.ticks().size() == 7);
  CHECK(axis.tick_text(axis.ticks()[1]) == "0.10");
  CHECK(axis.place(axis.low) == 100);
  CHECK(axis.value(axis.place(0.2)) == doctest::Approx(0.2));
  CHECK(round_axis(-7, 3, 6, 0, 1).tick_text(-0.0) == "0");
  for (const double point : {0.0, 0.25, -1e9, 1e-6, 1e12}) {
    const PlotAxis one = round_axis(point, point, 9, 0, 1);
    CAPTURE(point);
    CHECK((one.low < point && point < one.high));
    CHECK((one.ticks().size() >= 3 && one.ticks().size() <= 11));
  }
  test::Random random(1);
  for (int i = 0; i < 10'000; ++i) {
    const double scale = std::pow(10.0, static_cast<double>(test::between(random, -6, 18)));
    const double low = static_cast<double>(test::between(random, -1'000, 1'000)) * scale;
    const double high = low + static_cast<double>(test::between(random, 1, 1'000)) * scale;
    const PlotAxis any = round_axis(low, high, 9, 0, 1);
    REQUIRE((any.low <= low + any.step * 1e-5 && any.high >= high - any.step * 1e-5));
    REQUIRE((any.ticks().size() >= 3 && any.ticks().size() <= 11));
  }
}

TEST_CASE("numbers in text have no locale, no zeros too many and no negative zero") {
  CHECK(fixed_text(1234.5, 1) == "1234.5");
  CHECK(fixed_text(-0.001, 2) == "0.00");
  CHECK(short_text(0.25, 6, 2) == "0.25");
  CHECK(short_text(0.3, 6, 2) == "0.30");
  CHECK(short_text(12, 3, 0) == "12");
  CHECK(short_text(100, 0, 0) == "100");
}

TEST_CASE("orders of one limit are one step, the best first") {
  const std::vector<LimitOrder> orders{buy(5, 10), sell(9, 1), buy(7, 30), buy(2, 10), buy(1, -4)};
  CHECK(plot_steps(orders, 0, Side::buy) ==
        std::vector<PlotStep>{{Price{30}, Energy{7}}, {Price{10}, Energy{14}}, {Price{-4}, Energy{15}}});
  CHECK(plot_steps(orders, 1, Side::buy).empty());
}

TEST_CASE("the corners of a staircase lie where the orders are") {
  const PlotAxis x{.low = 0, .high = 1'000, .step = 100, .begin = 50, .end = 850};
  const PlotAxis y{.low = 0, .high = 0.5, .step = 0.1, .begin = 500, .end = 100};
  const auto path = staircase_path(
      plot_steps(std::vector<LimitOrder>{sell(300, 200'000), sell(200, 100'000), sell(250, 450'000)}, 0, Side::sell), x,
      y, 1);
  const std::vector<Corner> corners = corners_of(path);
  const std::vector<std::pair<double, double>> expected{{0, 0.1},   {200, 0.1},  {200, 0.2},
                                                        {500, 0.2}, {500, 0.45}, {750, 0.45}};
  REQUIRE(corners.size() == expected.size());
  for (std::size_t i = 0; i < corners.size(); ++i) {
    CHECK(x.value(corners[i].x) == doctest::Approx(expected[i].first));
    CHECK(y.value(corners[i].y) == doctest::Approx(expected[i].second));
  }
  CHECK(staircase_path({}, x, y, 1).empty());
  // What lies beyond the axis is cut off at its end.
  const std::vector<PlotStep> far{{Price{100'000}, Energy{900}}, {Price{200'000}, Energy{5'000'000}}};
  CHECK(corners_of(staircase_path(far, x, y, 1)).back().x == 850);
}

TEST_CASE("a million steps become a few thousand corners, none of them off by what one could see") {
  for (const double exponent : {1.0, 3.0, 0.2}) {
    std::vector<PlotStep> steps;
    test::Random random(7);
    for (std::int64_t i = 0; i < 1'000'000; ++i) {
      const double height = std::pow(static_cast<double>(i) / 1e6, exponent);
      const Energy before = steps.empty() ? Energy{} : steps.back().end;
      steps.push_back({Price{static_cast<std::int64_t>(height * 1e9)},
                       before + Energy{test::between(random, 1, i % 1'000 == 0 ? 40'000 : 100)}});
    }
    const PlotAxis x{.low = 0, .high = 8e7, .step = 1e7, .begin = 90, .end = 830};
    const PlotAxis y{.low = 0, .high = 1'000, .step = 100, .begin = 530, .end = 140};
    const std::vector<Corner> corners = corners_of(staircase_path(steps, x, y, 1));
    CAPTURE(exponent);
    CHECK(corners.size() < 5'000);
    // Wherever a step ends the drawn curve is near: some of its points lie within a pixel.
    for (std::size_t i = 0; i < steps.size(); i += 997) {
      const double at_x = std::min(x.place(static_cast<double>(steps[i].end.count)), x.end);
      const double at_y = y.place(currency_units(steps[i].limit));
      if (at_x >= x.end) break;
      bool is_near = false;
      for (std::size_t k = 1; k < corners.size() && !is_near; ++k) {
        const double near_x = std::clamp(at_x, std::min(corners[k - 1].x, corners[k].x), corners[k].x);
        const double near_y =
            std::clamp(at_y, std::min(corners[k - 1].y, corners[k].y), std::max(corners[k - 1].y, corners[k].y));
        is_near = std::hypot(near_x - at_x, near_y - at_y) < 1.0;
      }
      REQUIRE(is_near);
    }
  }
}

TEST_CASE("price, volume, range and the marked order are drawn where they are") {
  const Auction auction = auction_with({buy(500, 350'000), buy(300, 250'000), sell(500, 50'000), sell(400, 290'000)});
  const std::string svg = draw(auction, 1);
  check_picture(svg);
  const std::vector<Element> elements = elements_of(svg);
  // Price ticks from 0.00 to 0.40 on 530 to 138; energy to 900 Wh and 2 % more on 92 to 826.
  const auto y = [](double price) { return 530 - price / 0.4 * (530 - 138); };
  const auto x = [](double energy) { return 92 + energy / 918 * (826 - 92); };
  const Element& price = first_of(elements, "line", "price");
  CHECK(price.at("y1") == doctest::Approx(y(0.27)).epsilon(0.001));
  CHECK(price.at("y2") == price.at("y1"));
  CHECK(first_of(elements, "line", "volume").at("x1") == doctest::Approx(x(500)).epsilon(0.001));
  CHECK(says(svg, "Price 0.27 per kWh, volume 500 Wh."));
  const auto marks =
      std::count_if(elements.begin(), elements.end(), [](const Element& element) { return element.kind() == "mark"; });
  CHECK(marks == 2);  // in the legend and on the curve
  const Element& mark = *std::find_if(elements.rbegin(), elements.rend(),
                                      [](const Element& element) { return element.kind() == "mark"; });
  CHECK(mark.at("x1") == doctest::Approx(x(500)).epsilon(0.001));
  CHECK(mark.at("x2") == doctest::Approx(x(800)).epsilon(0.001));
  CHECK(mark.at("y1") == doctest::Approx(y(0.25)).epsilon(0.001));
  CHECK(says(svg, "Order order 1: bid for 300 Wh at 0.25, 0 Wh filled"));
  const auto band = std::find_if(elements.rbegin(), elements.rend(),
                                 [](const Element& element) { return element.kind() == "range"; });
  REQUIRE(band != elements.rend());
  CHECK(band->at("y") == doctest::Approx(y(0.29)).epsilon(0.001));
  CHECK(band->at("height") == doctest::Approx(y(0.25) - y(0.29)).epsilon(0.001));
}

TEST_CASE("names from outside cannot break out of the text") {
  const Auction auction = auction_with({buy(5, 10), sell(5, 5)});
  const OrderNames names{.order = [](std::size_t) { return std::string("</text><script>\"&'\x01\n"); },
                         .zone = [](ZoneIndex) { return std::string("<zone>"); }};
  const std::string svg = draw(Mechanism::uniform, auction, test::call_result(Mechanism::uniform, auction), 0, names);
  check_picture(svg);
  CHECK(says(svg, "&lt;/text&gt;&lt;script"));
  CHECK_FALSE(says(svg, "\x01"));
  CHECK(svg_escaped("a<b>&\"") == "a&lt;b&gt;&amp;&quot;");
  const OrderNames long_names{.order = [](std::size_t) { return std::string(64, 'f'); }, .zone = names.zone};
  check_picture(draw(Mechanism::uniform, auction, test::call_result(Mechanism::uniform, auction), 0, long_names));
}

TEST_CASE("the picture follows the viewer's preference and speaks to a screen reader") {
  const std::string svg = draw(auction_with({buy(5, 10), sell(5, 5)}));
  CHECK(says(svg, "@media (prefers-color-scheme:dark)"));
  CHECK(says(svg, "role=\"img\" aria-labelledby=\"title desc\""));
  CHECK(says(svg, "<title id=\"title\">Bids and asks, uniform</title>"));
  CHECK(says(svg, "<desc id=\"desc\">Price "));
}

TEST_CASE("a book with nothing, one side, one order, one price or extremes is still a picture") {
  const std::int64_t energy = auction_energy_max.count / 2;
  const std::int64_t price = auction_price_magnitude_max.count;
  const std::vector<std::vector<LimitOrder>> books{
      {buy(500, 300'000)},
      {sell(1, 0)},
      {sell(1, 1), sell(1, -1)},
      {buy(500, 250'000), buy(300, 250'000), sell(600, 250'000)},
      {buy(500, 200'000), sell(600, 250'000)},
      {buy(500, -200'000), sell(500, -250'000)},
      {buy(energy, price), sell(energy, -price)},
      {buy(500, 350'000), sell(500, 50'000), sell(1'000'000'000, 290'000)},
      {buy(1, 350'000), sell(1'000'000'000, 350'000)},
      {buy(1, 2), sell(1, 1)},
  };
  check_picture(draw(auction_with({})));
  CHECK(says(draw(auction_with({})), "No orders."));
  for (const std::vector<LimitOrder>& orders : books) {
    const Auction auction = auction_with(orders);
    check_picture(draw(auction));
    for (std::size_t i = 0; i < orders.size(); ++i) check_picture(draw(auction, i));
  }
  CHECK(says(draw(auction_with(books[4])), "Nothing trades."));
}

TEST_CASE("one side far larger than all that trades does not hide the crossing") {
  const std::string svg = draw(auction_with({buy(500, 350'000), sell(500, 50'000), sell(999'999'500, 290'000)}), 2);
  const double x = first_of(elements_of(svg), "line", "volume").at("x1");
  CHECK(x > 300);
  CHECK(says(svg, "asks, 1000 MWh in all"));
}

TEST_CASE("a zone of a tree is drawn with what comes over its edge") {
  const std::vector<Zone> zones{Zone{}, Zone{0, Price{10'000}, {}, {}}};
  Auction auction = auction_with({buy(500, 350'000), sell(200, 100'000), sell(900, 150'000)}, zones);
  auction.orders[2].zone = 1;
  const std::string root = draw(auction);
  check_picture(root);
  CHECK(says(root, "in zone Z0"));
  CHECK(says(root, "bought 500 Wh, sold 200 Wh: 300 Wh come from other zones."));
  const std::string below = draw(auction, 2);
  check_picture(below);
  CHECK(says(below, "in zone Z1"));
  CHECK(says(below, "bought 0 Wh, sold 300 Wh: 300 Wh go to other zones."));
}

TEST_CASE("random auctions of every mechanism are pictures") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    test::Random random(seed);
    CAPTURE(seed);
    const Auction tree = test::auction_of(test::random_neighbourhood(random, 6, 60));
    const auto marked = tree.orders.empty() ? std::optional<std::size_t>{} : std::optional(seed % tree.orders.size());
    check_picture(draw(tree, marked));
    const Auction one = test::auction_of(test::random_neighbourhood(random, 1, 60));
    const auto mark = one.orders.empty() ? std::optional<std::size_t>{} : std::optional(seed % one.orders.size());
    check_picture(draw(Mechanism::mcafee, one, test::mcafee_result(one), mark));
    check_picture(draw(Mechanism::vcg, one, test::call_result(Mechanism::vcg, one), mark));
    check_picture(draw(Mechanism::continuous, one, test::continuous_result(one).first, mark));
  }
}

}  // namespace
}  // namespace commonwatt
