// A set of price levels that knows the neighbour of any level in a few instructions.
#pragma once

#include <array>
#include <bit>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace commonwatt {

/// The number of a price level, counted from the lowest price of a band.
using LevelIndex = std::int32_t;

/// A subset of the levels 0 to size - 1, as bitmaps of 64-way fan-out: a bit of a layer says that its word in the layer
/// below holds a member. Every operation is constant time (four layers at most) and allocates nothing.
class LevelSet {
 public:
  static constexpr LevelIndex size_max = 1 << 24;

  /// Empty. `size` lies in [1, size_max].
  explicit LevelSet(LevelIndex size) : size_(size) {
    assert(size >= 1 && size <= size_max);
    std::size_t words = 0;
    std::size_t members = static_cast<std::size_t>(size);
    for (std::size_t& begin : layer_begin_) {
      begin = words;
      members = (members + 63) / 64;
      words += members;
    }
    words_.resize(words);
  }

  void insert(LevelIndex level) {
    auto position = static_cast<std::size_t>(level);
    for (const std::size_t begin : layer_begin_) {
      std::uint64_t& word = words_[begin + position / 64];
      const std::uint64_t before = word;
      word |= std::uint64_t{1} << position % 64;
      if (before != 0) return;  // The layers above know of this word.
      position /= 64;
    }
  }

  void erase(LevelIndex level) {
    auto position = static_cast<std::size_t>(level);
    for (const std::size_t begin : layer_begin_) {
      std::uint64_t& word = words_[begin + position / 64];
      word &= ~(std::uint64_t{1} << position % 64);
      if (word != 0) return;
      position /= 64;
    }
  }

  /// The lowest member above `level`; the size of the set when there is none.
  [[nodiscard]] LevelIndex above(LevelIndex level) const {
    auto position = static_cast<std::size_t>(level);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::uint64_t higher = ~std::uint64_t{1} << position % 64;
      position /= 64;
      std::uint64_t word = words_[layer_begin_[layer] + position] & higher;
      if (word == 0) continue;
      position = position * 64 + static_cast<std::size_t>(std::countr_zero(word));
      while (layer > 0) {
        word = words_[layer_begin_[--layer] + position];
        position = position * 64 + static_cast<std::size_t>(std::countr_zero(word));
      }
      return static_cast<LevelIndex>(position);
    }
    return size_;
  }

  /// The highest member below `level`; -1 when there is none.
  [[nodiscard]] LevelIndex below(LevelIndex level) const {
    auto position = static_cast<std::size_t>(level);
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const std::uint64_t lower = (std::uint64_t{1} << position % 64) - 1;
      position /= 64;
      std::uint64_t word = words_[layer_begin_[layer] + position] & lower;
      if (word == 0) continue;
      position = position * 64 + 63 - static_cast<std::size_t>(std::countl_zero(word));
      while (layer > 0) {
        word = words_[layer_begin_[--layer] + position];
        position = position * 64 + 63 - static_cast<std::size_t>(std::countl_zero(word));
      }
      return static_cast<LevelIndex>(position);
    }
    return -1;
  }

 private:
  static constexpr std::size_t layers = 4;
  static_assert(size_max == LevelIndex{1} << (6 * layers));

  LevelIndex size_ = 0;
  std::array<std::size_t, layers> layer_begin_{};
  std::vector<std::uint64_t> words_;
};

}  // namespace commonwatt
