# One place for the flags every target shares. Asserts stay on in release: -DNDEBUG is never set.
foreach(config RELEASE RELWITHDEBINFO MINSIZEREL)
  string(REPLACE "-DNDEBUG" "" CMAKE_CXX_FLAGS_${config} "${CMAKE_CXX_FLAGS_${config}}")
  string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_${config} "${CMAKE_C_FLAGS_${config}}")
endforeach()

add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor
                    -Wold-style-cast -Woverloaded-virtual -Wimplicit-fallthrough -Wswitch-enum)
if(COMMONWATT_WERROR)
  add_compile_options(-Werror)
endif()
if(COMMONWATT_SANITIZE)
  add_compile_options(-fsanitize=${COMMONWATT_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COMMONWATT_SANITIZE})
endif()
if(COMMONWATT_FUZZ)
  # Every library is instrumented; libFuzzer's main comes with the fuzz targets alone.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Headers are included by their path from the top: #include "market/order.hpp".
include_directories(${CMAKE_SOURCE_DIR})

# The version every program reports.
add_compile_definitions(COMMONWATT_VERSION="${PROJECT_VERSION}")
