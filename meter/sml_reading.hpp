// What a German electricity meter's list of values says.
// Source: BSI TR-03109-1 annex IV b (values, units); DIN 43863-5 (the number of a device); VDE FNN, "Lastenheft
// EDL" 1.0 and "Lastenheft Basiszaehler" (status word).
#pragma once

#include "meter/sml.hpp"

namespace commonwatt {

/// The telegram as a reading.
///
/// A quantum is that of the scaler, which says what the meter shows: a meter whose owner has not entered its PIN shows
/// whole kWh and says so with a scaler of 3. One that shows 2043000.0 Wh and counts in kWh all the same cannot be told
/// from one that has just passed a whole kWh; only a series of readings can.
///
/// The energies are taken as they are. The sign of a power is compared with the direction of flow in the status of the
/// registers, where there is one:
///   15.7.0, and it alone, is a magnitude: the status gives the sign; without a status it is suspect.
///   16.7.0, 36.7.0 and so on that contradict the status are suspect; Holley DTZ251 and Honeywell AS2020 give
///     magnitudes there.
///   DZG meters DVS74 with a number from 42000000 to 48999999 or 55000000 to 58999999 put unsigned numbers of 1 to 3
///     octets into signed fields, so that 356.24 W reads -299.12 (the maker's word, in github.com/volkszaehler/libsml,
///     pull request 136). Where they import by their status, a negative power is read as unsigned; without a status it
///     is suspect.
TelegramReading sml_reading(const SmlTelegram& telegram);

}  // namespace commonwatt
