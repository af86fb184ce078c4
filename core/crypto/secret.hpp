#pragma once
// Memory that is wiped before it is given back.

#include "core/base/bytes.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace spacetime {
/// Overwrites `raw` with zeros in a way that no optimiser removes.
void wipe(std::span<std::uint8_t> raw);

/// Wipes every block of memory before it is freed, growth included.
template <class T>
struct wiping_allocator {
  using value_type = T;
  wiping_allocator() = default;
  template <class U>
  wiping_allocator(const wiping_allocator<U>&) {} // NOLINT: as std asks for
  T* allocate(std::size_t n) { return std::allocator<T>{}.allocate(n); }
  void deallocate(T* p, std::size_t n) {
    wipe({reinterpret_cast<std::uint8_t*>(p), n * sizeof(T)});
    std::allocator<T>{}.deallocate(p, n);
  }
  friend bool operator==(wiping_allocator, wiping_allocator) { return true; }
};

/// Bytes that are wiped when they die.
using secret_bytes = std::vector<std::uint8_t, wiping_allocator<std::uint8_t>>;

/// Text that is wiped when it dies, if it is longer than a std::string keeps
/// inside itself (15 characters); as mnemonics are.
using secret_text =
    std::basic_string<char, std::char_traits<char>, wiping_allocator<char>>;

/// N bytes that are wiped when they die.
template <std::size_t N>
struct secret_array {
  std::array<std::uint8_t, N> value{};
  secret_array() = default;
  secret_array(const secret_array&) = default;
  secret_array& operator=(const secret_array&) = default;
  ~secret_array() { wipe(value); }
  friend bool operator==(const secret_array&, const secret_array&) = default;
};
} // namespace spacetime
