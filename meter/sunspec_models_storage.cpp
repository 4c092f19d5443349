// The points of the models 124 and 802.
// Source: github.com/sunspec/models, json/model_124.json and json/model_802.json (Apache-2.0).
#include "meter/sunspec_models.hpp"

namespace commonwatt {
namespace {

using enum SunSpecType;

constexpr std::array<SunSpecPointLayout, 26> storage_points{{
    {"ID", uint16},
    {"L", uint16},
    {"WChaMax", uint16, "WChaMax_SF"},
    {"WChaGra", uint16, "WChaDisChaGra_SF"},
    {"WDisChaGra", uint16, "WChaDisChaGra_SF"},
    {"StorCtl_Mod", bitfield16},
    {"VAChaMax", uint16, "VAChaMax_SF"},
    {"MinRsvPct", uint16, "MinRsvPct_SF"},
    {"ChaState", uint16, "ChaState_SF"},
    {"StorAval", uint16, "StorAval_SF"},
    {"InBatV", uint16, "InBatV_SF"},
    {"ChaSt", enum16},
    {"OutWRte", int16, "InOutWRte_SF"},
    {"InWRte", int16, "InOutWRte_SF"},
    {"InOutWRte_WinTms", uint16},
    {"InOutWRte_RvrtTms", uint16},
    {"InOutWRte_RmpTms", uint16},
    {"ChaGriSet", enum16},
    {"WChaMax_SF", sunssf},
    {"WChaDisChaGra_SF", sunssf},
    {"VAChaMax_SF", sunssf},
    {"MinRsvPct_SF", sunssf},
    {"ChaState_SF", sunssf},
    {"StorAval_SF", sunssf},
    {"InBatV_SF", sunssf},
    {"InOutWRte_SF", sunssf},
}};
static_assert(registers_of(storage_points) == 2 + 24);

constexpr std::array<SunSpecPointLayout, 58> battery_points{{
    {"ID", uint16},
    {"L", uint16},
    {"AHRtg", uint16, "AHRtg_SF"},
    {"WHRtg", uint16, "WHRtg_SF"},
    {"WChaRteMax", uint16, "WChaDisChaMax_SF"},
    {"WDisChaRteMax", uint16, "WChaDisChaMax_SF"},
    {"DisChaRte", uint16, "DisChaRte_SF"},
    {"SoCMax", uint16, "SoC_SF"},
    {"SoCMin", uint16, "SoC_SF"},
    {"SocRsvMax", uint16, "SoC_SF"},
    {"SoCRsvMin", uint16, "SoC_SF"},
    {"SoC", uint16, "SoC_SF"},
    {"DoD", uint16, "DoD_SF"},
    {"SoH", uint16, "SoH_SF"},
    {"NCyc", uint32},
    {"ChaSt", enum16},
    {"LocRemCtl", enum16},
    {"Hb", uint16},
    {"CtrlHb", uint16},
    {"AlmRst", uint16},
    {"Typ", enum16},
    {"State", enum16},
    {"StateVnd", enum16},
    {"WarrDt", uint32},
    {"Evt1", bitfield32},
    {"Evt2", bitfield32},
    {"EvtVnd1", bitfield32},
    {"EvtVnd2", bitfield32},
    {"V", uint16, "V_SF"},
    {"VMax", uint16, "V_SF"},
    {"VMin", uint16, "V_SF"},
    {"CellVMax", uint16, "CellV_SF"},
    {"CellVMaxStr", uint16},
    {"CellVMaxMod", uint16},
    {"CellVMin", uint16, "CellV_SF"},
    {"CellVMinStr", uint16},
    {"CellVMinMod", uint16},
    {"CellVAvg", uint16, "CellV_SF"},
    {"A", int16, "A_SF"},
    {"AChaMax", uint16, "AMax_SF"},
    {"ADisChaMax", uint16, "AMax_SF"},
    {"W", int16, "W_SF"},
    {"ReqInvState", enum16},
    {"ReqW", int16, "W_SF"},
    {"SetOp", enum16},
    {"SetInvState", enum16},
    {"AHRtg_SF", sunssf},
    {"WHRtg_SF", sunssf},
    {"WChaDisChaMax_SF", sunssf},
    {"DisChaRte_SF", sunssf},
    {"SoC_SF", sunssf},
    {"DoD_SF", sunssf},
    {"SoH_SF", sunssf},
    {"V_SF", sunssf},
    {"CellV_SF", sunssf},
    {"A_SF", sunssf},
    {"AMax_SF", sunssf},
    {"W_SF", sunssf},
}};
static_assert(registers_of(battery_points) == 2 + 62);

}  // namespace

namespace sunspec_layouts {
constinit const SunSpecGroup storage{.points = storage_points};
constinit const SunSpecGroup battery{.points = battery_points};
}  // namespace sunspec_layouts

}  // namespace commonwatt
