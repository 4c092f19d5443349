// Everything that happens to a market. The journal holds these, in the sequence in which they were taken; a replay of
// them is the market.
#pragma once

#include <variant>
#include <vector>

#include "controller/eip712.hpp"
#include "controller/payment.hpp"
#include "controller/signed_note.hpp"
#include "market/market_rules.hpp"
#include "market/participants.hpp"
#include "market/settlement.hpp"

namespace commonwatt {

/// Rules and members, in force from here on. The first event of every journal.
struct MarketConfigured {
  std::string origin;  ///< the evidence log's name
  Bytes log_key;       ///< the controller's Ed25519 key
  MarketRules rules;
  std::vector<HouseholdRecord> households;  ///< in order of id
  std::int64_t anchor_intervals = 0;        ///< an anchor is made whenever so many more are settled; 0: none
  bool has_vault = false;                   ///< collateral in a vault takes the place of credit limits

  friend bool operator==(const MarketConfigured&, const MarketConfigured&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.origin, self.log_key, self.rules, self.households, self.anchor_intervals, self.has_vault);
  }
};

/// An order came from the household whose certificate the broker checked.
struct OrderReceived {
  HouseholdId sender;
  SignedOrder order;

  friend bool operator==(const OrderReceived&, const OrderReceived&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.sender, self.order);
  }
};

struct ReadingReceived {
  HouseholdId sender;
  SignedReading reading;

  friend bool operator==(const ReadingReceived&, const ReadingReceived&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.sender, self.reading);
  }
};

/// The gate of an interval closed.
struct GateClosed {
  Interval interval;

  friend bool operator==(const GateClosed&, const GateClosed&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.interval);
  }
};

/// A run of an interval is due. The salt is random: the statements' leaves rest on it.
struct SettlementDue {
  Interval interval;
  Run run = Run::initial;
  Hash32 salt{};

  friend bool operator==(const SettlementDue&, const SettlementDue&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.interval, self.run, self.salt);
  }
};

/// The controller's signature over the log's newest state was made.
struct CheckpointSigned {
  std::int64_t size = 0;
  Bytes signature;

  friend bool operator==(const CheckpointSigned&, const CheckpointSigned&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.size, self.signature);
  }
};

/// A member cosigned a checkpoint.
struct CosignatureReceived {
  HouseholdId sender;
  std::int64_t size = 0;
  std::int64_t time = 0;  ///< seconds, as the witness signed it
  Bytes signature;

  friend bool operator==(const CosignatureReceived&, const CosignatureReceived&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.sender, self.size, self.time, self.signature);
  }
};

/// What the vault had for a household at a final block. Comes whenever that has changed.
struct CollateralKnown {
  HouseholdId household;
  std::int64_t block = 0;
  Money free;  ///< its collateral less what it has asked back
  Money paid;  ///< what the vault has paid out to it since the beginning

  friend bool operator==(const CollateralKnown&, const CollateralKnown&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.block, self.free, self.paid);
  }
};

/// What the books keep of postings whose quarter-hours are erased: their sum over a month.
struct ErasedBooking {
  Interval first;  ///< the first interval of the month with such a posting
  Posting sum;

  friend bool operator==(const ErasedBooking&, const ErasedBooking&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.first, self.sum);
  }
};

/// Personal data was erased: the data keys are gone of what was journalled before this event.
struct DataErased {
  std::optional<HouseholdId> household;  ///< whose, when it has left; nothing: everybody's, of old months
  std::int64_t before_month = 0;         ///< of months before this one, see month_of
  std::vector<ErasedBooking> bookings;
  Hash32 state{};   ///< SHA-256 of the state after this event, with which a replay begins from now on
  Bytes signature;  ///< of the controller's log key over erasure_text

  friend bool operator==(const DataErased&, const DataErased&) = default;
  template <class Self>
  static auto fields(Self& self) {
    return std::tie(self.household, self.before_month, self.bookings, self.state, self.signature);
  }
};
/// What the controller signs of an erasure: a prefix no other signature has, then all fields but the signature.
Bytes erasure_text(DataErased erased);

using Event = std::variant<MarketConfigured, OrderReceived, ReadingReceived, GateClosed, SettlementDue,
                           CheckpointSigned, CosignatureReceived, PaymentBooked, DataErased, CollateralKnown>;

}  // namespace commonwatt
