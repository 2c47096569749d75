// The program's version, from CMakeLists.txt.
#pragma once

namespace outaged {
inline constexpr const char* version = OUTAGED_VERSION;
}
