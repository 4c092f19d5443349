#include <algorithm>

#include <doctest/doctest.h>

#include "market/zone_tree.hpp"

namespace commonwatt {
namespace {

Zone child_of(ZoneIndex parent) {
  Zone zone;
  zone.parent = parent;
  return zone;
}

void refused(std::vector<Zone> zones, ZoneFault fault, ZoneIndex where) {
  const Result<ZoneTree, ZoneError> tree = ZoneTree::from(std::move(zones));
  REQUIRE_FALSE(tree.ok());
  CHECK(tree.error().fault == fault);
  CHECK(tree.error().zone == where);
  CHECK(std::string(explain(fault)).size() > 20);
}

TEST_CASE("a tree lists every parent before its children, wherever the root stands") {
  const ZoneTree tree = *ZoneTree::from({child_of(2), child_of(0), Zone{}, child_of(2), child_of(1)});
  CHECK(tree.root() == 2);
  CHECK(tree.size() == 5);
  std::vector<std::size_t> place(tree.size());
  for (std::size_t i = 0; i < tree.top_down().size(); ++i) place[tree.top_down()[i]] = i;
  for (ZoneIndex zone = 0; zone < tree.size(); ++zone) {
    if (tree[zone].parent) CHECK(place[*tree[zone].parent] < place[zone]);
  }
  const auto children = tree.children(2);
  CHECK(std::vector<ZoneIndex>(children.begin(), children.end()) == std::vector<ZoneIndex>{0, 3});
  CHECK(tree.children(4).empty());
}

TEST_CASE("what is no tree is refused, with the zone and the reason") {
  refused({}, ZoneFault::no_root, 0);
  refused({Zone{}, Zone{}}, ZoneFault::second_root, 1);
  refused({Zone{}, child_of(2)}, ZoneFault::unknown_parent, 1);
  refused({Zone{}, child_of(2), child_of(1)}, ZoneFault::circle, 1);
  refused({Zone{}, child_of(1)}, ZoneFault::circle, 1);
  refused({child_of(0)}, ZoneFault::circle, 0);
  Zone zone = child_of(0);
  zone.fee = Price{-1};
  refused({Zone{}, zone}, ZoneFault::bad_fee, 1);
  zone.fee = auction_price_magnitude_max + Price{1};
  refused({Zone{}, zone}, ZoneFault::bad_fee, 1);
  zone = child_of(0);
  zone.export_limit = Energy{-1};
  refused({Zone{}, zone}, ZoneFault::bad_limit, 1);
  zone = child_of(0);
  zone.import_limit = Energy{-1};
  refused({Zone{}, zone}, ZoneFault::bad_limit, 1);
}

TEST_CASE("a chain may be as deep as depth_max and no deeper") {
  std::vector<Zone> chain{Zone{}};
  while (chain.size() <= ZoneTree::depth_max) chain.push_back(child_of(static_cast<ZoneIndex>(chain.size() - 1)));
  CHECK(ZoneTree::from(chain).ok());
  chain.push_back(child_of(static_cast<ZoneIndex>(chain.size() - 1)));
  refused(chain, ZoneFault::too_deep, static_cast<ZoneIndex>(chain.size() - 1));
}

TEST_CASE("a zone is cut off when its edge carries nothing either way") {
  Zone zone = child_of(0);
  CHECK_FALSE(zone.is_cut_off());
  zone.export_limit = Energy{0};
  CHECK_FALSE(zone.is_cut_off());
  zone.import_limit = Energy{0};
  CHECK(zone.is_cut_off());
}

}  // namespace
}  // namespace commonwatt
