#include "market/pro_rata.hpp"

#include <algorithm>
#include <cassert>

#include "core/wide.hpp"

namespace commonwatt {
namespace {

using Claims = std::span<Claim>;

/// Sets share and remainder. Products within 63 bits, which nearly all are, divide several times faster.
void divide(Claim& claim, Energy available, Energy total) {
  std::int64_t product = 0;
  if (!__builtin_mul_overflow(claim.quantity.count, available.count, &product)) {
    claim.share = Energy{product / total.count};
    claim.remainder = Energy{product % total.count};
    return;
  }
  const Wide wide_product = wide(claim.quantity.count) * available.count;
  claim.share = Energy{static_cast<std::int64_t>(wide_product / total.count)};
  claim.remainder = Energy{static_cast<std::int64_t>(wide_product % total.count)};
}

std::uint64_t first_bytes(const Hash32& key) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof(number); ++i) number = number << 8U | key[i];
  return number;
}

/// Moves the `winners` claims with the smallest tie keys to the front.
void draw_ties(Claims tied, std::size_t winners, const TieKey& tie_key) {
  if (winners == 0 || winners >= tied.size()) return;
  for (Claim& claim : tied) claim.key_begin = first_bytes(tie_key(claim.index));
  std::nth_element(tied.begin(), tied.begin() + static_cast<std::ptrdiff_t>(winners - 1), tied.end(),
                   [&](const Claim& a, const Claim& b) {
                     if (a.key_begin != b.key_begin) return a.key_begin < b.key_begin;
                     return a.index != b.index && tie_key(a.index) < tie_key(b.index);
                   });
}

}  // namespace

void share_pro_rata(Claims claims, Energy available, const TieKey& tie_key) {
  Energy total;
  for (const Claim& claim : claims) total += claim.quantity;
  assert(available >= Energy{0} && available <= total);
  if (total == Energy{0}) return;
  Energy left = available;
  for (Claim& claim : claims) {
    divide(claim, available, total);
    left -= claim.share;
  }
  if (left == Energy{0}) return;

  // Fewer watt-hours are left than there are claims with a remainder. The last winner's remainder says who is tied.
  const auto winners = static_cast<std::size_t>(left.count);
  assert(winners < claims.size());
  std::nth_element(claims.begin(), claims.begin() + static_cast<std::ptrdiff_t>(winners - 1), claims.end(),
                   [](const Claim& a, const Claim& b) { return a.remainder > b.remainder; });
  const Energy cut = claims[winners - 1].remainder;
  const auto tied =
      std::partition(claims.begin(), claims.end(), [cut](const Claim& claim) { return claim.remainder > cut; });
  const auto tied_end =
      std::partition(tied, claims.end(), [cut](const Claim& claim) { return claim.remainder == cut; });
  const auto untied = static_cast<std::size_t>(tied - claims.begin());
  draw_ties(Claims(tied, tied_end), winners - untied, tie_key);
  for (Claim& claim : claims.first(winners)) claim.share += Energy{1};
}

}  // namespace commonwatt
