#include "controller/chain/contract_errors.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include "controller/chain/abi.hpp"

namespace commonwatt {
namespace {

struct KnownError {
  std::string_view signature;
  std::string_view advice;  // empty: the name says it all
};

/// Every error that contracts/src declares, then those of OpenZeppelin (IERC20Errors, Ownable, SafeERC20,
/// ReentrancyGuard) that its users meet.
constexpr std::array known_errors{
    KnownError{"AnchoringStopped()",
               "the registry is paused, until its owner's 'chain unpause', or was vetoed and waits for 'chain rewind'"},
    KnownError{"NotRewound()", "an epoch was vetoed; the registry waits for 'chain rewind'"},
    KnownError{"NothingToRewind()", "nothing is vetoed, or somebody was faster"},
    KnownError{"WrongCommunity()", "the registry is of another community"},
    KnownError{"WrongEpoch(uint64,uint64)", "given, wanted"},
    KnownError{"WrongPrevious()", "the anchor does not follow the registry's newest"},
    KnownError{"ZeroRoot()", ""},
    KnownError{"LogShrinks()", ""},
    KnownError{"LogRewritten()", ""},
    KnownError{"TooManyPending()", "wait until an epoch is final"},
    KnownError{"UnknownEpoch(uint64)", "the registry keeps the eight newest epochs; take a newer proof"},
    KnownError{"NotFinal(uint64)", "it can still be vetoed; wait"},
    KnownError{"VetoWindowOver(uint64)", "the epoch is final"},
    KnownError{"VetoWindowTooLong()", ""},
    KnownError{"TooManyAttesterSets()", ""},
    KnownError{"BrokenChain()", ""},
    KnownError{"NotGuardian(address)", ""},
    KnownError{"BadAttesters()", "they must be rising, and the quorum more than half of them"},
    KnownError{"TooFewSignatures(uint256,uint256)", "given, wanted"},
    KnownError{"SignersNotRising()", "or a signature does not hold"},
    KnownError{"NotAnAttester(address)", ""},
    KnownError{"UnsupportedDecimals(uint8)", "the vault takes a currency of at most 18"},
    KnownError{"InvalidProof()", "the leaf is not under the root"},
    KnownError{"StaleEpoch(uint64,uint64)", "given, already applied; take a newer proof"},
    KnownError{"Contradiction(uint64)", "the epoch is applied with another net"},
    KnownError{"Undercollateralised(address)", "its collateral does not cover its debt; deposit first"},
    KnownError{"OutflowCapReached(uint64)", "nothing more may leave the vault until a newer epoch is final"},
    KnownError{"NothingRequested()", "request the exit first"},
    KnownError{"NotNewestFinal(uint64,uint64)", "given, newest final; take the newest proof"},
    KnownError{"ExitTooEarly(uint64,uint64)", "newest final, wanted; wait"},
    KnownError{"MoreThanCollateral()", ""},
    KnownError{"NotRegistrar(address)", ""},
    KnownError{"ZeroId()", ""},
    KnownError{"HouseholdKnown(bytes32)", ""},
    KnownError{"ConnectionTaken(bytes32)", ""},
    KnownError{"UnknownHousehold(bytes32)", ""},
    KnownError{"DeviceKnown(bytes32)", ""},
    KnownError{"UnknownDevice(bytes32)", ""},
    KnownError{"InvalidKey()", ""},
    KnownError{"AnchoredEpoch(uint64,uint64)", ""},
    KnownError{"NotAfterLastKey(uint64,uint64)", ""},
    KnownError{"NotMinter(address)", ""},
    KnownError{"BadSchedule()", ""},
    KnownError{"EpochNotOver(uint64)", ""},
    KnownError{"EpochNotRising(uint64,uint64)", ""},
    KnownError{"TotalShrinks()", ""},
    KnownError{"OverLimit(uint256,uint256)", ""},
    KnownError{"NothingToClaim()", ""},
    KnownError{"OverTotal()", ""},
    KnownError{"NothingBurned()", ""},
    KnownError{"SameContent()", ""},
    KnownError{"NotTheSameSlot()", ""},
    KnownError{"Vetoed()", "a guardian undid one of the anchors: its attester may sign another of its epoch"},
    KnownError{"DifferentSigners()", ""},
    KnownError{"InvalidSignature()", ""},
    KnownError{"AlreadyProven()", ""},
    KnownError{"NotAnchored()", "the anchors do not lead to the registry's newest"},
    KnownError{"NoOrderKey(bytes32)", "the household has no order key in the device registry until that epoch"},
    KnownError{"ValidOrder()", "nothing is wrong with the order, nor with its fill"},
    KnownError{"NotInBook()", "that line of the book is of another order"},
    KnownError{"NotIncluded()", "the path does not lead from the leaf to the root"},
    KnownError{"BadRecord()", "it is no clearing record, or has no such line"},
    KnownError{"BadRules()", ""},
    KnownError{"ERC20InsufficientBalance(address,uint256,uint256)",
               "account, balance, needed, in the currency's smallest units"},
    KnownError{"ERC20InsufficientAllowance(address,uint256,uint256)", "spender, allowed, needed"},
    KnownError{"OwnableUnauthorizedAccount(address)", "only the owner may do this"},
    KnownError{"OwnableInvalidOwner(address)", ""},
    KnownError{"SafeERC20FailedOperation(address)", "the currency refused the transfer"},
    KnownError{"ReentrancyGuardReentrantCall()", ""},
};

std::string argument_text(std::string_view type, AbiReader& reader) {
  const Hash32 word = reader.word();
  if (type == "address") {
    Address address;
    std::copy(word.end() - static_cast<std::ptrdiff_t>(address.bytes.size()), word.end(), address.bytes.begin());
    return to_text(address);
  }
  return type == "bytes32" ? to_data(word) : number_of(word).str();
}

}  // namespace

std::string contract_refusal(ByteView data) {
  constexpr std::size_t selector_size = 4;
  if (data.size() < selector_size) return revert_reason(data);
  const Bytes selector(data.begin(), data.begin() + selector_size);
  const auto* known = std::find_if(known_errors.begin(), known_errors.end(), [&selector](const KnownError& error) {
    return abi_selector(error.signature) == selector;
  });
  if (known == known_errors.end()) return revert_reason(data);
  const std::size_t open = known->signature.find('(');
  std::string text(known->signature.substr(0, open + 1));
  std::string_view types = known->signature.substr(open + 1);
  AbiReader reader(data.subspan(selector_size));
  while (types != ")") {
    const std::string_view type = types.substr(0, types.find_first_of(",)"));
    types.remove_prefix(type.size());
    text += argument_text(type, reader);
    if (types.front() != ',') break;
    types.remove_prefix(1);
    text += ", ";
  }
  if (reader.failed()) return revert_reason(data);
  text += ")";
  return known->advice.empty() ? text : text + ": " + std::string(known->advice);
}

}  // namespace commonwatt
