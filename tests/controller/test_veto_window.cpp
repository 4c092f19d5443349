#include <doctest/doctest.h>

#include "controller/veto_window.hpp"

namespace commonwatt {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

TEST_CASE("no more go to the registry than are attested, and than it takes before the oldest is final") {
  CHECK(VetoWindow::limit(0, 0) == 0);
  CHECK(VetoWindow::limit(5, 0) == 5);
  CHECK(VetoWindow::limit(20, 0) == 7);
  CHECK(VetoWindow::limit(20, 9) == 16);
}

TEST_CASE("anchors that wait for the veto window are told of after ten minutes, once for as long as they wait") {
  VetoWindow window;
  const VetoWindow::Time begin{};
  CHECK_FALSE(window.complaint(7, 8, 0, begin).has_value());
  CHECK_FALSE(window.complaint(7, 9, 0, begin + minutes(10) - seconds(1)).has_value());
  const auto told = window.complaint(7, 9, 0, begin + minutes(10));
  REQUIRE(told.has_value());
  CHECK(told->find("epoch 8 waits") == 0);
  CHECK_FALSE(window.complaint(7, 9, 0, begin + minutes(60)).has_value());
  // One became final: the waiting begins anew, and is told anew.
  CHECK_FALSE(window.complaint(7, 9, 1, begin + minutes(61)).has_value());
  CHECK_FALSE(window.complaint(8, 9, 1, begin + minutes(62)).has_value());
  CHECK(window.complaint(8, 9, 1, begin + minutes(72)).has_value());
}

TEST_CASE("whoever keeps up is never told of") {
  VetoWindow window;
  for (std::int64_t epoch = 0; epoch < 100; ++epoch)
    CHECK_FALSE(window.complaint(epoch, epoch, epoch - 7, VetoWindow::Time{} + minutes(epoch * 60)).has_value());
}

}  // namespace
}  // namespace commonwatt
