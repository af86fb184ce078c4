#pragma once

namespace spacetime::test {
/// Under AddressSanitizer, where long loops are cut short and memory is kept
/// on purpose.
#if defined(__SANITIZE_ADDRESS__)
inline constexpr bool slow_build = true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
inline constexpr bool slow_build = true;
#else
inline constexpr bool slow_build = false;
#endif
#else
inline constexpr bool slow_build = false;
#endif
} // namespace spacetime::test
