# Writes a C++ source that holds every device profile of a folder, sorted by name. Run as a script:
#   cmake -DPROFILES=<absolute folder of *.toml> -DFUNCTION=<its name> -DOUTPUT=<file.cpp> -P embed_profiles.cmake
file(GLOB names RELATIVE ${PROFILES} ${PROFILES}/*.toml)
list(TRANSFORM names REPLACE "\\.toml$" "")
list(SORT names)
set(entries "")
set(count 0)
foreach(name IN LISTS names)
  file(READ ${PROFILES}/${name}.toml text)
  string(FIND "${text}" ")profile\"" closing)
  if(NOT closing EQUAL -1)
    message(FATAL_ERROR "${name}.toml: holds )profile\", which ends the literal it is embedded in")
  endif()
  string(APPEND entries "    {\"${name}\", R\"profile(${text})profile\"},\n")
  math(EXPR count "${count} + 1")
endforeach()
file(WRITE ${OUTPUT}.new "// Generated from the device profiles. Do not edit.
#include \"meter/profile_library.hpp\"

#include <array>

namespace commonwatt {
namespace {

constexpr std::array<BuiltInProfile, ${count}> profiles{{
${entries}}};

}  // namespace

std::span<const BuiltInProfile> ${FUNCTION}() {
  return profiles;
}

}  // namespace commonwatt
")
file(RENAME ${OUTPUT}.new ${OUTPUT})
