// Why a contract of ours refused a call, in words.
#pragma once

#include <string>

#include "core/bytes.hpp"

namespace commonwatt {

/// The reason in the data of a revert: a custom error of contracts/src or of what they are made of by its name, with
/// its arguments and what to do; of anything else what revert_reason says.
std::string contract_refusal(ByteView data);

}  // namespace commonwatt
