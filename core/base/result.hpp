#pragma once

#include "core/base/error.hpp"

#include <tl/expected.hpp>

namespace spacetime {
/// A value or why there is none. Core never throws.
template <class T>
using result = tl::expected<T, error>;

/// Success carries nothing.
using status = result<void>;

inline tl::unexpected<error> fail(errc code) {
  return tl::unexpected<error>{error{code}};
}
inline tl::unexpected<error> fail(errc code, std::string detail) {
  return tl::unexpected<error>{error{code, std::move(detail)}};
}
inline tl::unexpected<error> fail(error e) {
  return tl::unexpected<error>{std::move(e)};
}
} // namespace spacetime
