// Whatever a node, or something that only looks like one, answers to a call.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "controller/chain/abi.hpp"
#include "controller/chain/chain_view.hpp"
#include "controller/chain/json_rpc.hpp"
#include "controller/chain/rpc_pool.hpp"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

void check_data(commonwatt::ByteView bytes) {
  const std::string reason = commonwatt::revert_reason(bytes);
  must(reason.size() < 300 && std::all_of(reason.begin(), reason.end(), [](char c) { return c >= ' ' && c <= '~'; }));
  commonwatt::AbiReader reader(bytes);
  must(reader.byte_string().size() <= bytes.size());
  if (const auto head = commonwatt::anchored_head(bytes)) must(std::equal(head->begin(), head->end(), bytes.begin()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  const auto reply = commonwatt::parse_rpc_reply(body, 1);
  check_data({data, size});
  if (!reply) {
    const std::string& text = reply.error().text;
    must(std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; }));
    check_data(reply.error().revert_data);
    return 0;
  }
  if (const auto block = commonwatt::block_from(*reply)) must(block->number >= 0);
  if (const auto events = commonwatt::anchored_events_from(*reply)) {
    for (const commonwatt::AnchoredEvent& event : *events) must(event.epoch >= 0 && event.block_number >= 0);
  }
  if (!reply->is_string()) return 0;
  const std::string text = reply->get<std::string>();
  if (const auto number = commonwatt::quantity_from(text))
    must(commonwatt::quantity_from(commonwatt::to_quantity(*number)) == number);
  if (const auto bytes = commonwatt::data_from(text)) check_data(*bytes);
  if (const auto address = commonwatt::address_from(text))
    must(commonwatt::address_from(commonwatt::to_text(*address)) == address);
  return 0;
}
