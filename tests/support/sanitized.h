// Statistics need the same thousands of years under a sanitizer, which finds nothing in the last of them that it did not
// find in the first: `TEST_CASE("…" * doctest::skip(sanitized))` leaves those to the plain build.
#pragma once

namespace outaged {

#ifdef OUTAGED_SANITIZED
inline constexpr bool sanitized = true;
#else
inline constexpr bool sanitized = false;
#endif

}  // namespace outaged
