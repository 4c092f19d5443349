// The parts of `step`, one file each along the path of a watt-hour. Only step.cpp calls them.
#pragma once

#include "controller/step.hpp"

namespace commonwatt {

Effects take_order(State& state, const OrderReceived& received, UtcTime now);
Effects take_reading(State& state, const ReadingReceived& received, UtcTime now);
Effects close_gate(State& state, const GateClosed& closed, UtcTime now);
Effects take_payment(State& state, const PaymentBooked& payment);
Effects take_collateral(State& state, const CollateralKnown& known);
Effects erase_data(State& state, const DataErased& erased);
/// The anchor of the signed log, when one is due.
Effects make_anchor(State& state);
Effects settle_interval(State& state, const SettlementDue& due, UtcTime now);

}  // namespace commonwatt
