// The points of the models 701 to 704, 706 and 713 to 715.
// Source: github.com/sunspec/models, json/model_701.json and so on (Apache-2.0).
#include "meter/sunspec_models.hpp"

namespace commonwatt {
namespace {

using enum SunSpecType;

constexpr std::array<SunSpecPointLayout, 72> der_measure_ac_points{{
    {"ID", uint16},
    {"L", uint16},
    {"ACType", enum16},
    {"St", enum16},
    {"InvSt", enum16},
    {"ConnSt", enum16},
    {"Alrm", bitfield32},
    {"DERMode", bitfield32},
    {"W", int16, "W_SF"},
    {"VA", int16, "VA_SF"},
    {"Var", int16, "Var_SF"},
    {"PF", int16, "PF_SF"},
    {"A", int16, "A_SF"},
    {"LLV", uint16, "V_SF"},
    {"LNV", uint16, "V_SF"},
    {"Hz", uint32, "Hz_SF"},
    {"TotWhInj", uint64, "TotWh_SF"},
    {"TotWhAbs", uint64, "TotWh_SF"},
    {"TotVarhInj", uint64, "TotVarh_SF"},
    {"TotVarhAbs", uint64, "TotVarh_SF"},
    {"TmpAmb", int16, "Tmp_SF"},
    {"TmpCab", int16, "Tmp_SF"},
    {"TmpSnk", int16, "Tmp_SF"},
    {"TmpTrns", int16, "Tmp_SF"},
    {"TmpSw", int16, "Tmp_SF"},
    {"TmpOt", int16, "Tmp_SF"},
    {"WL1", int16, "W_SF"},
    {"VAL1", int16, "VA_SF"},
    {"VarL1", int16, "Var_SF"},
    {"PFL1", int16, "PF_SF"},
    {"AL1", int16, "A_SF"},
    {"VL1L2", uint16, "V_SF"},
    {"VL1", uint16, "V_SF"},
    {"TotWhInjL1", uint64, "TotWh_SF"},
    {"TotWhAbsL1", uint64, "TotWh_SF"},
    {"TotVarhInjL1", uint64, "TotVarh_SF"},
    {"TotVarhAbsL1", uint64, "TotVarh_SF"},
    {"WL2", int16, "W_SF"},
    {"VAL2", int16, "VA_SF"},
    {"VarL2", int16, "Var_SF"},
    {"PFL2", int16, "PF_SF"},
    {"AL2", int16, "A_SF"},
    {"VL2L3", uint16, "V_SF"},
    {"VL2", uint16, "V_SF"},
    {"TotWhInjL2", uint64, "TotWh_SF"},
    {"TotWhAbsL2", uint64, "TotWh_SF"},
    {"TotVarhInjL2", uint64, "TotVarh_SF"},
    {"TotVarhAbsL2", uint64, "TotVarh_SF"},
    {"WL3", int16, "W_SF"},
    {"VAL3", int16, "VA_SF"},
    {"VarL3", int16, "Var_SF"},
    {"PFL3", int16, "PF_SF"},
    {"AL3", int16, "A_SF"},
    {"VL3L1", uint16, "V_SF"},
    {"VL3", uint16, "V_SF"},
    {"TotWhInjL3", uint64, "TotWh_SF"},
    {"TotWhAbsL3", uint64, "TotWh_SF"},
    {"TotVarhInjL3", uint64, "TotVarh_SF"},
    {"TotVarhAbsL3", uint64, "TotVarh_SF"},
    {"ThrotPct", uint16},
    {"ThrotSrc", bitfield32},
    {"A_SF", sunssf},
    {"V_SF", sunssf},
    {"Hz_SF", sunssf},
    {"W_SF", sunssf},
    {"PF_SF", sunssf},
    {"VA_SF", sunssf},
    {"Var_SF", sunssf},
    {"TotWh_SF", sunssf},
    {"TotVarh_SF", sunssf},
    {"Tmp_SF", sunssf},
    {"MnAlrmInfo", string, {}, 32},
}};
static_assert(registers_of(der_measure_ac_points) == 2 + 153);

constexpr std::array<SunSpecPointLayout, 51> der_capacity_points{{
    {"ID", uint16},
    {"L", uint16},
    {"WMaxRtg", uint16, "W_SF"},
    {"WOvrExtRtg", uint16, "W_SF"},
    {"WOvrExtRtgPF", uint16, "PF_SF"},
    {"WUndExtRtg", uint16, "W_SF"},
    {"WUndExtRtgPF", uint16, "PF_SF"},
    {"VAMaxRtg", uint16, "VA_SF"},
    {"VarMaxInjRtg", uint16, "Var_SF"},
    {"VarMaxAbsRtg", uint16, "Var_SF"},
    {"WChaRteMaxRtg", uint16, "W_SF"},
    {"WDisChaRteMaxRtg", uint16, "W_SF"},
    {"VAChaRteMaxRtg", uint16, "VA_SF"},
    {"VADisChaRteMaxRtg", uint16, "VA_SF"},
    {"VNomRtg", uint16, "V_SF"},
    {"VMaxRtg", uint16, "V_SF"},
    {"VMinRtg", uint16, "V_SF"},
    {"AMaxRtg", uint16, "A_SF"},
    {"PFOvrExtRtg", uint16, "PF_SF"},
    {"PFUndExtRtg", uint16, "PF_SF"},
    {"ReactSusceptRtg", uint16, "S_SF"},
    {"NorOpCatRtg", enum16},
    {"AbnOpCatRtg", enum16},
    {"CtrlModes", bitfield32},
    {"IntIslandCatRtg", bitfield16},
    {"WMax", uint16, "W_SF"},
    {"WMaxOvrExt", uint16, "W_SF"},
    {"WOvrExtPF", uint16, "PF_SF"},
    {"WMaxUndExt", uint16, "W_SF"},
    {"WUndExtPF", uint16, "PF_SF"},
    {"VAMax", uint16, "VA_SF"},
    {"VarMaxInj", uint16, "Var_SF"},
    {"VarMaxAbs", uint16, "Var_SF"},
    {"WChaRteMax", uint16, "W_SF"},
    {"WDisChaRteMax", uint16, "W_SF"},
    {"VAChaRteMax", uint16, "VA_SF"},
    {"VADisChaRteMax", uint16, "VA_SF"},
    {"VNom", uint16, "V_SF"},
    {"VMax", uint16, "V_SF"},
    {"VMin", uint16, "V_SF"},
    {"AMax", uint16, "A_SF"},
    {"PFOvrExt", uint16, "PF_SF"},
    {"PFUndExt", uint16, "PF_SF"},
    {"IntIslandCat", bitfield16},
    {"W_SF", sunssf},
    {"PF_SF", sunssf},
    {"VA_SF", sunssf},
    {"Var_SF", sunssf},
    {"V_SF", sunssf},
    {"A_SF", sunssf},
    {"S_SF", sunssf},
}};
static_assert(registers_of(der_capacity_points) == 2 + 50);

constexpr std::array<SunSpecPointLayout, 13> der_enter_service_points{{
    {"ID", uint16},
    {"L", uint16},
    {"ES", enum16},
    {"ESVHi", uint16, "V_SF"},
    {"ESVLo", uint16, "V_SF"},
    {"ESHzHi", uint32, "Hz_SF"},
    {"ESHzLo", uint32, "Hz_SF"},
    {"ESDlyTms", uint32},
    {"ESRndTms", uint32},
    {"ESRmpTms", uint32},
    {"ESDlyRemTms", uint32},
    {"V_SF", sunssf},
    {"Hz_SF", sunssf},
}};
static_assert(registers_of(der_enter_service_points) == 2 + 17);

constexpr std::array<SunSpecPointLayout, 45> der_control_ac_points{{
    {"ID", uint16},
    {"L", uint16},
    {"PFWInjEna", enum16},
    {"PFWInjEnaRvrt", enum16},
    {"PFWInjRvrtTms", uint32},
    {"PFWInjRvrtRem", uint32},
    {"PFWAbsEna", enum16},
    {"PFWAbsEnaRvrt", enum16},
    {"PFWAbsRvrtTms", uint32},
    {"PFWAbsRvrtRem", uint32},
    {"WMaxLimPctEna", enum16},
    {"WMaxLimPct", uint16, "WMaxLimPct_SF"},
    {"WMaxLimPctRvrt", uint16, "WMaxLimPct_SF"},
    {"WMaxLimPctEnaRvrt", enum16},
    {"WMaxLimPctRvrtTms", uint32},
    {"WMaxLimPctRvrtRem", uint32},
    {"WSetEna", enum16},
    {"WSetMod", enum16},
    {"WSet", int32, "WSet_SF"},
    {"WSetRvrt", int32, "WSet_SF"},
    {"WSetPct", int16, "WSetPct_SF"},
    {"WSetPctRvrt", int16, "WSetPct_SF"},
    {"WSetEnaRvrt", enum16},
    {"WSetRvrtTms", uint32},
    {"WSetRvrtRem", uint32},
    {"VarSetEna", enum16},
    {"VarSetMod", enum16},
    {"VarSetPri", enum16},
    {"VarSet", int32, "VarSet_SF"},
    {"VarSetRvrt", int32, "VarSet_SF"},
    {"VarSetPct", int16, "VarSetPct_SF"},
    {"VarSetPctRvrt", int16, "VarSetPct_SF"},
    {"VarSetEnaRvrt", enum16},
    {"VarSetRvrtTms", uint32},
    {"VarSetRvrtRem", uint32},
    {"WRmp", uint16},
    {"WRmpRef", enum16},
    {"VarRmp", uint16},
    {"AntiIslEna", enum16},
    {"PF_SF", sunssf},
    {"WMaxLimPct_SF", sunssf},
    {"WSet_SF", sunssf},
    {"WSetPct_SF", sunssf},
    {"VarSet_SF", sunssf},
    {"VarSetPct_SF", sunssf},
}};
static_assert(registers_of(der_control_ac_points) == 2 + 57);

constexpr std::array<SunSpecPointLayout, 2> power_factor_points{{
    {"PF", uint16, "PF_SF"},
    {"Ext", enum16},
}};
constexpr SunSpecGroup power_factor_injected{.name = "PFWInj", .points = power_factor_points};
constexpr SunSpecGroup power_factor_injected_reversion{.name = "PFWInjRvrt", .points = power_factor_points};
constexpr SunSpecGroup power_factor_absorbed{.name = "PFWAbs", .points = power_factor_points};
constexpr SunSpecGroup power_factor_absorbed_reversion{.name = "PFWAbsRvrt", .points = power_factor_points};
constexpr std::array der_control_ac_groups{&power_factor_injected, &power_factor_injected_reversion,
                                           &power_factor_absorbed, &power_factor_absorbed_reversion};

constexpr std::array<SunSpecPointLayout, 13> der_volt_watt_points{{
    {"ID", uint16},
    {"L", uint16},
    {"Ena", enum16},
    {"AdptCrvReq", uint16},
    {"AdptCrvRslt", enum16},
    {"NPt", uint16},
    {"NCrv", uint16},
    {"RvrtTms", uint32},
    {"RvrtRem", uint32},
    {"RvrtCrv", uint16},
    {"V_SF", sunssf},
    {"DeptRef_SF", sunssf},
    {"RspTms_SF", sunssf},
}};
static_assert(registers_of(der_volt_watt_points) == 2 + 13);

constexpr std::array<SunSpecPointLayout, 4> curve_points{{
    {"ActPt", uint16},
    {"DeptRef", enum16},
    {"RspTms", uint32, "RspTms_SF"},
    {"ReadOnly", enum16},
}};
constexpr std::array<SunSpecPointLayout, 2> curve_point_points{{
    {"V", uint16, "V_SF"},
    {"W", int16, "DeptRef_SF"},
}};
constexpr SunSpecGroup curve_point{.name = "Pt", .repeat = "NPt", .points = curve_point_points};
constexpr std::array curve_groups{&curve_point};
constexpr SunSpecGroup curve{.name = "Crv", .repeat = "NCrv", .points = curve_points, .groups = curve_groups};
constexpr std::array der_volt_watt_groups{&curve};

constexpr std::array<SunSpecPointLayout, 9> der_storage_points{{
    {"ID", uint16},
    {"L", uint16},
    {"WHRtg", uint16, "WH_SF"},
    {"WHAvail", uint16, "WH_SF"},
    {"SoC", uint16, "Pct_SF"},
    {"SoH", uint16, "Pct_SF"},
    {"Sta", enum16},
    {"WH_SF", sunssf},
    {"Pct_SF", sunssf},
}};
static_assert(registers_of(der_storage_points) == 2 + 7);

constexpr std::array<SunSpecPointLayout, 13> der_measure_dc_points{{
    {"ID", uint16},
    {"L", uint16},
    {"PrtAlrms", bitfield32},
    {"NPrt", uint16},
    {"DCA", int16, "DCA_SF"},
    {"DCW", int16, "DCW_SF"},
    {"DCWhInj", uint64, "DCWH_SF"},
    {"DCWhAbs", uint64, "DCWH_SF"},
    {"DCA_SF", sunssf},
    {"DCV_SF", sunssf},
    {"DCW_SF", sunssf},
    {"DCWH_SF", sunssf},
    {"Tmp_SF", sunssf},
}};
static_assert(registers_of(der_measure_dc_points) == 2 + 18);

constexpr std::array<SunSpecPointLayout, 11> port_points{{
    {"PrtTyp", enum16},
    {"ID", uint16},
    {"IDStr", string, {}, 8},
    {"DCA", int16, "DCA_SF"},
    {"DCV", uint16, "DCV_SF"},
    {"DCW", int16, "DCW_SF"},
    {"DCWhInj", uint64, "DCWH_SF"},
    {"DCWhAbs", uint64, "DCWH_SF"},
    {"Tmp", int16, "Tmp_SF"},
    {"DCSta", enum16},
    {"DCAlrm", bitfield32},
}};
static_assert(registers_of(port_points) == 25);
constexpr SunSpecGroup port{.name = "Prt", .repeat = "NPrt", .points = port_points};
constexpr std::array der_measure_dc_groups{&port};

constexpr std::array<SunSpecPointLayout, 7> der_control_points{{
    {"ID", uint16},
    {"L", uint16},
    {"LocRemCtl", enum16},
    {"DERHb", uint32},
    {"ControllerHb", uint32},
    {"AlarmReset", uint16},
    {"OpCtl", enum16},
}};
static_assert(registers_of(der_control_points) == 2 + 7);

}  // namespace

namespace sunspec_layouts {
constinit const SunSpecGroup der_measure_ac{.points = der_measure_ac_points};
constinit const SunSpecGroup der_capacity{.points = der_capacity_points};
constinit const SunSpecGroup der_enter_service{.points = der_enter_service_points};
constinit const SunSpecGroup der_control_ac{.points = der_control_ac_points, .groups = der_control_ac_groups};
constinit const SunSpecGroup der_volt_watt{.points = der_volt_watt_points, .groups = der_volt_watt_groups};
constinit const SunSpecGroup der_storage{.points = der_storage_points};
constinit const SunSpecGroup der_measure_dc{.points = der_measure_dc_points, .groups = der_measure_dc_groups};
constinit const SunSpecGroup der_control{.points = der_control_points};
}  // namespace sunspec_layouts

}  // namespace commonwatt
