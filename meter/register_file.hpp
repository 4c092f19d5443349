// A device's registers as a text file: what an installer sends in, and what `commonwatt meter simulate` serves.
//
//     # everything behind a hash is a comment
//     40000: 5375 6E53 0001 0042        holding registers from a decimal wire address on, in hexadecimal
//     input 52: 43E6 0000               input registers
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.hpp"
#include "meter/modbus_answer.hpp"

namespace commonwatt {

struct RegisterFile {
  std::vector<RegisterImage> holding;  // in rising order, runs that touch joined
  std::vector<RegisterImage> input;    // empty when the file has none: then they are the holding ones
};

/// Reads such a file's text. Fails with "FILE:LINE: what is wrong and what to write": an address beyond 65535, a word
/// that is not four hexadecimal digits, a register given twice, a file without any.
Result<RegisterFile, std::string> parse_register_file(std::string_view text, std::string_view file_name);

/// A device with these registers. `file` is kept by the result.
DeviceRegisters device_of(RegisterFile file, std::uint8_t unit);

}  // namespace commonwatt
