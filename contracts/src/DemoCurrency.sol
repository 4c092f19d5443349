// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// Play money for trying out a vault. It is worth nothing, nobody redeems it, and all of it belongs to whoever deployed
/// it. `commonwatt chain deploy` refuses it on any chain that is not made for tests.
contract DemoCurrency is ERC20 {
    constructor() ERC20("Commonwatt demo money, worth nothing", "DEMO") {
        _mint(msg.sender, 10_000_000e6);
    }

    function decimals() public pure override returns (uint8) {
        return 6;
    }
}
