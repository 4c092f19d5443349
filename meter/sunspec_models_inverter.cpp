// The points of the models 1, 101 to 103, 111 to 113, 120 to 123 and 160.
// Source: github.com/sunspec/models, json/model_1.json and so on (Apache-2.0).
#include "meter/sunspec_models.hpp"

namespace commonwatt {
namespace {

using enum SunSpecType;

constexpr std::array<SunSpecPointLayout, 9> common_points{{
    {"ID", uint16},
    {"L", uint16},
    {"Mn", string, {}, 16},
    {"Md", string, {}, 16},
    {"Opt", string, {}, 8},
    {"Vr", string, {}, 8},
    {"SN", string, {}, 16},
    {"DA", uint16},
    {"Pad", pad},
}};
static_assert(registers_of(common_points) == 2 + 66);

constexpr std::array<SunSpecPointLayout, 45> inverter_points{{
    {"ID", uint16},
    {"L", uint16},
    {"A", uint16, "A_SF"},
    {"AphA", uint16, "A_SF"},
    {"AphB", uint16, "A_SF"},
    {"AphC", uint16, "A_SF"},
    {"A_SF", sunssf},
    {"PPVphAB", uint16, "V_SF"},
    {"PPVphBC", uint16, "V_SF"},
    {"PPVphCA", uint16, "V_SF"},
    {"PhVphA", uint16, "V_SF"},
    {"PhVphB", uint16, "V_SF"},
    {"PhVphC", uint16, "V_SF"},
    {"V_SF", sunssf},
    {"W", int16, "W_SF"},
    {"W_SF", sunssf},
    {"Hz", uint16, "Hz_SF"},
    {"Hz_SF", sunssf},
    {"VA", int16, "VA_SF"},
    {"VA_SF", sunssf},
    {"VAr", int16, "VAr_SF"},
    {"VAr_SF", sunssf},
    {"PF", int16, "PF_SF"},
    {"PF_SF", sunssf},
    {"WH", acc32, "WH_SF"},
    {"WH_SF", sunssf},
    {"DCA", uint16, "DCA_SF"},
    {"DCA_SF", sunssf},
    {"DCV", uint16, "DCV_SF"},
    {"DCV_SF", sunssf},
    {"DCW", int16, "DCW_SF"},
    {"DCW_SF", sunssf},
    {"TmpCab", int16, "Tmp_SF"},
    {"TmpSnk", int16, "Tmp_SF"},
    {"TmpTrns", int16, "Tmp_SF"},
    {"TmpOt", int16, "Tmp_SF"},
    {"Tmp_SF", sunssf},
    {"St", enum16},
    {"StVnd", enum16},
    {"Evt1", bitfield32},
    {"Evt2", bitfield32},
    {"EvtVnd1", bitfield32},
    {"EvtVnd2", bitfield32},
    {"EvtVnd3", bitfield32},
    {"EvtVnd4", bitfield32},
}};
static_assert(registers_of(inverter_points) == 2 + 50);

constexpr std::array<SunSpecPointLayout, 33> inverter_float_points{{
    {"ID", uint16},          {"L", uint16},           {"A", float32},          {"AphA", float32},
    {"AphB", float32},       {"AphC", float32},       {"PPVphAB", float32},    {"PPVphBC", float32},
    {"PPVphCA", float32},    {"PhVphA", float32},     {"PhVphB", float32},     {"PhVphC", float32},
    {"W", float32},          {"Hz", float32},         {"VA", float32},         {"VAr", float32},
    {"PF", float32},         {"WH", float32},         {"DCA", float32},        {"DCV", float32},
    {"DCW", float32},        {"TmpCab", float32},     {"TmpSnk", float32},     {"TmpTrns", float32},
    {"TmpOt", float32},      {"St", enum16},          {"StVnd", enum16},       {"Evt1", bitfield32},
    {"Evt2", bitfield32},    {"EvtVnd1", bitfield32}, {"EvtVnd2", bitfield32}, {"EvtVnd3", bitfield32},
    {"EvtVnd4", bitfield32},
}};
static_assert(registers_of(inverter_float_points) == 2 + 60);

constexpr std::array<SunSpecPointLayout, 28> nameplate_points{{
    {"ID", uint16},
    {"L", uint16},
    {"DERTyp", enum16},
    {"WRtg", uint16, "WRtg_SF"},
    {"WRtg_SF", sunssf},
    {"VARtg", uint16, "VARtg_SF"},
    {"VARtg_SF", sunssf},
    {"VArRtgQ1", int16, "VArRtg_SF"},
    {"VArRtgQ2", int16, "VArRtg_SF"},
    {"VArRtgQ3", int16, "VArRtg_SF"},
    {"VArRtgQ4", int16, "VArRtg_SF"},
    {"VArRtg_SF", sunssf},
    {"ARtg", uint16, "ARtg_SF"},
    {"ARtg_SF", sunssf},
    {"PFRtgQ1", int16, "PFRtg_SF"},
    {"PFRtgQ2", int16, "PFRtg_SF"},
    {"PFRtgQ3", int16, "PFRtg_SF"},
    {"PFRtgQ4", int16, "PFRtg_SF"},
    {"PFRtg_SF", sunssf},
    {"WHRtg", uint16, "WHRtg_SF"},
    {"WHRtg_SF", sunssf},
    {"AhrRtg", uint16, "AhrRtg_SF"},
    {"AhrRtg_SF", sunssf},
    {"MaxChaRte", uint16, "MaxChaRte_SF"},
    {"MaxChaRte_SF", sunssf},
    {"MaxDisChaRte", uint16, "MaxDisChaRte_SF"},
    {"MaxDisChaRte_SF", sunssf},
    {"Pad", pad},
}};
static_assert(registers_of(nameplate_points) == 2 + 26);

constexpr std::array<SunSpecPointLayout, 32> settings_points{{
    {"ID", uint16},
    {"L", uint16},
    {"WMax", uint16, "WMax_SF"},
    {"VRef", uint16, "VRef_SF"},
    {"VRefOfs", int16, "VRefOfs_SF"},
    {"VMax", uint16, "VMinMax_SF"},
    {"VMin", uint16, "VMinMax_SF"},
    {"VAMax", uint16, "VAMax_SF"},
    {"VArMaxQ1", int16, "VArMax_SF"},
    {"VArMaxQ2", int16, "VArMax_SF"},
    {"VArMaxQ3", int16, "VArMax_SF"},
    {"VArMaxQ4", int16, "VArMax_SF"},
    {"WGra", uint16, "WGra_SF"},
    {"PFMinQ1", int16, "PFMin_SF"},
    {"PFMinQ2", int16, "PFMin_SF"},
    {"PFMinQ3", int16, "PFMin_SF"},
    {"PFMinQ4", int16, "PFMin_SF"},
    {"VArAct", enum16},
    {"ClcTotVA", enum16},
    {"MaxRmpRte", uint16, "MaxRmpRte_SF"},
    {"ECPNomHz", uint16, "ECPNomHz_SF"},
    {"ConnPh", enum16},
    {"WMax_SF", sunssf},
    {"VRef_SF", sunssf},
    {"VRefOfs_SF", sunssf},
    {"VMinMax_SF", sunssf},
    {"VAMax_SF", sunssf},
    {"VArMax_SF", sunssf},
    {"WGra_SF", sunssf},
    {"PFMin_SF", sunssf},
    {"MaxRmpRte_SF", sunssf},
    {"ECPNomHz_SF", sunssf},
}};
static_assert(registers_of(settings_points) == 2 + 30);

constexpr std::array<SunSpecPointLayout, 22> status_points{{
    {"ID", uint16},
    {"L", uint16},
    {"PVConn", bitfield16},
    {"StorConn", bitfield16},
    {"ECPConn", bitfield16},
    {"ActWh", acc64},
    {"ActVAh", acc64},
    {"ActVArhQ1", acc64},
    {"ActVArhQ2", acc64},
    {"ActVArhQ3", acc64},
    {"ActVArhQ4", acc64},
    {"VArAval", int16, "VArAval_SF"},
    {"VArAval_SF", sunssf},
    {"WAval", uint16, "WAval_SF"},
    {"WAval_SF", sunssf},
    {"StSetLimMsk", bitfield32},
    {"StActCtl", bitfield32},
    {"TmSrc", string, {}, 4},
    {"Tms", uint32},
    {"RtSt", bitfield16},
    {"Ris", uint16, "Ris_SF"},
    {"Ris_SF", sunssf},
}};
static_assert(registers_of(status_points) == 2 + 44);

constexpr std::array<SunSpecPointLayout, 26> controls_points{{
    {"ID", uint16},
    {"L", uint16},
    {"Conn_WinTms", uint16},
    {"Conn_RvrtTms", uint16},
    {"Conn", enum16},
    {"WMaxLimPct", uint16, "WMaxLimPct_SF"},
    {"WMaxLimPct_WinTms", uint16},
    {"WMaxLimPct_RvrtTms", uint16},
    {"WMaxLimPct_RmpTms", uint16},
    {"WMaxLim_Ena", enum16},
    {"OutPFSet", int16, "OutPFSet_SF"},
    {"OutPFSet_WinTms", uint16},
    {"OutPFSet_RvrtTms", uint16},
    {"OutPFSet_RmpTms", uint16},
    {"OutPFSet_Ena", enum16},
    {"VArWMaxPct", int16, "VArPct_SF"},
    {"VArMaxPct", int16, "VArPct_SF"},
    {"VArAvalPct", int16, "VArPct_SF"},
    {"VArPct_WinTms", uint16},
    {"VArPct_RvrtTms", uint16},
    {"VArPct_RmpTms", uint16},
    {"VArPct_Mod", enum16},
    {"VArPct_Ena", enum16},
    {"WMaxLimPct_SF", sunssf},
    {"OutPFSet_SF", sunssf},
    {"VArPct_SF", sunssf},
}};
static_assert(registers_of(controls_points) == 2 + 24);

constexpr std::array<SunSpecPointLayout, 9> mppt_points{{
    {"ID", uint16},
    {"L", uint16},
    {"DCA_SF", sunssf},
    {"DCV_SF", sunssf},
    {"DCW_SF", sunssf},
    {"DCWH_SF", sunssf},
    {"Evt", bitfield32},
    {"N", count},
    {"TmsPer", uint16},
}};
static_assert(registers_of(mppt_points) == 2 + 8);

constexpr std::array<SunSpecPointLayout, 10> mppt_module_points{{
    {"ID", uint16},
    {"IDStr", string, {}, 8},
    {"DCA", uint16, "DCA_SF"},
    {"DCV", uint16, "DCV_SF"},
    {"DCW", uint16, "DCW_SF"},
    {"DCWH", acc32, "DCWH_SF"},
    {"Tms", uint32},
    {"Tmp", int16},
    {"DCSt", enum16},
    {"DCEvt", bitfield32},
}};
static_assert(registers_of(mppt_module_points) == 20);
constexpr SunSpecGroup mppt_module{.name = "module", .repeat = as_many_as_fit, .points = mppt_module_points};
constexpr std::array mppt_groups{&mppt_module};

}  // namespace

namespace sunspec_layouts {
constinit const SunSpecGroup common{.points = common_points};
constinit const SunSpecGroup inverter{.points = inverter_points};
constinit const SunSpecGroup inverter_float{.points = inverter_float_points};
constinit const SunSpecGroup nameplate{.points = nameplate_points};
constinit const SunSpecGroup settings{.points = settings_points};
constinit const SunSpecGroup status{.points = status_points};
constinit const SunSpecGroup controls{.points = controls_points};
constinit const SunSpecGroup mppt{.points = mppt_points, .groups = mppt_groups};
}  // namespace sunspec_layouts

}  // namespace commonwatt
