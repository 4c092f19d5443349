#include <atomic>
#include <latch>

#include <doctest/doctest.h>

#include "meter/line_crew.hpp"

using namespace commonwatt;

TEST_CASE("jobs that wait for one another are all begun, each by a thread of its own") {
  constexpr std::size_t jobs = 40;
  LineCrew crew(jobs);
  std::latch all_there(jobs);
  std::atomic<std::size_t> done = 0;
  for (std::size_t i = 0; i < jobs; ++i) {
    crew.add([&] {
      all_there.arrive_and_wait();
      ++done;
    });
  }
  crew.see_all_begun();
  all_there.wait();
  CHECK(crew.threads() == jobs);
}

TEST_CASE("jobs that come one after the other are done by one thread") {
  std::atomic<int> done = 0;
  LineCrew crew(10);
  for (int i = 0; i < 1000; ++i) {
    crew.add([&] {
      ++done;
      done.notify_one();
    });
    done.wait(i);
  }
  CHECK(done == 1000);
  CHECK(crew.threads() == 1);
}

TEST_CASE("a crew is never larger than it may be") {
  std::atomic<int> done = 0;
  {
    LineCrew crew(3);
    for (int i = 0; i < 30; ++i) {
      crew.add([&] {
        std::this_thread::sleep_for(std::chrono::milliseconds{5});
        ++done;
      });
    }
    crew.see_all_begun();
    CHECK(crew.threads() <= 3);
  }
  CHECK(done == 30);
}

TEST_CASE("a crew that ends does what is there, and what its last jobs add") {
  std::atomic<int> done = 0;
  {
    LineCrew crew(4);
    for (int i = 0; i < 100; ++i) {
      crew.add([&] {
        ++done;
        crew.add([&] { ++done; });
      });
    }
  }
  CHECK(done == 200);
}

TEST_CASE("several callers see to it that their jobs are begun") {
  constexpr int callers = 4;
  constexpr int jobs = 200;
  std::atomic<int> done = 0;
  {
    LineCrew crew(16);
    std::vector<std::thread> threads;
    for (int i = 0; i < callers; ++i) {
      threads.emplace_back([&] {
        for (int job = 0; job < jobs; ++job) {
          crew.add([&] { ++done; });
          crew.see_all_begun();
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  CHECK(done == callers * jobs);
}
