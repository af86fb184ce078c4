#pragma once
// Append-only bins in chunks: the plotter scatters into thousands of them.
// A thread writes only to its own bins, so an append touches no shared line.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace spacetime::space {
constexpr std::size_t chunk_bytes = 2048;

struct chunk {
  chunk* previous;
  std::uint64_t unused; // keeps items on a 16-byte boundary
  alignas(16) std::byte items[chunk_bytes - 16];
};
static_assert(sizeof(chunk) == chunk_bytes);

/// A thread's store of chunks. Memory comes in slabs that are given back when
/// the pool dies; freed chunks are used again first.
class chunk_pool {
public:
  chunk_pool() = default;
  chunk_pool(const chunk_pool&) = delete;
  chunk_pool& operator=(const chunk_pool&) = delete;

  /// A chunk; when memory is out, a dummy that takes writes and keeps none.
  chunk* take() {
    if (free_ == nullptr && !grow()) return &dummy_;
    auto* out = free_;
    free_ = out->previous;
    return out;
  }
  /// Takes back a whole list, from its last chunk to its first.
  void give(chunk* last, chunk* first) {
    first->previous = free_;
    free_ = last;
  }
  [[nodiscard]] bool failed() const { return failed_; }

private:
  static constexpr std::size_t slab_bytes = std::size_t{1} << 21;
  struct release {
    void operator()(void* slab) const { std::free(slab); }
  };

  bool grow() {
    std::unique_ptr<void, release> slab{
        failed_ ? nullptr : std::aligned_alloc(slab_bytes, slab_bytes)};
    if (!slab) {
      failed_ = true;
      return false;
    }
#if defined(__linux__)
    // Fewer page faults and page-table walks; no harm where refused.
    madvise(slab.get(), slab_bytes, MADV_HUGEPAGE);
#endif
    auto* chunks = static_cast<chunk*>(slab.get());
    for (std::size_t i = slab_bytes / chunk_bytes; i-- > 0;) {
      chunks[i].previous = free_;
      free_ = &chunks[i];
    }
    slabs_.push_back(std::move(slab));
    return true;
  }

  chunk* free_ = nullptr;
  bool failed_ = false;
  std::vector<std::unique_ptr<void, release>> slabs_;
  chunk dummy_{};
};

/// One growing list of trivial values.
template <class T>
class bin {
public:
  static constexpr std::size_t per_chunk = (chunk_bytes - 16) / sizeof(T);

  void push(chunk_pool& pool, const T& value) {
    if (next_ == end_) [[unlikely]]
      grow(pool);
    *next_++ = value;
  }

  /// Calls `use` with the values in pieces of at most `per_chunk`; their
  /// order is none to rely on.
  template <class Use>
  void for_each_piece(Use&& use) const {
    const auto* stop = next_;
    for (auto* c = last_; c != nullptr; c = c->previous) {
      const auto* begin = items(c);
      use(std::span<const T>{begin, stop});
      if (c == first_) break;
      stop = items(c->previous) + per_chunk;
    }
  }

  [[nodiscard]] std::size_t size() const {
    return last_ == nullptr
               ? 0
               : chunks_ * per_chunk - static_cast<std::size_t>(end_ - next_);
  }

  void clear(chunk_pool& owner) {
    if (last_ != nullptr) owner.give(last_, first_);
    *this = bin{};
  }

private:
  static T* items(chunk* c) { return reinterpret_cast<T*>(c->items); }

  void grow(chunk_pool& pool) {
    auto* c = pool.take();
    next_ = items(c);
    end_ = next_ + per_chunk;
    if (pool.failed()) return; // the dummy is in no list
    if (first_ == nullptr) first_ = c;
    c->previous = last_;
    last_ = c;
    ++chunks_;
  }

  T* next_ = nullptr;
  T* end_ = nullptr;
  chunk *first_ = nullptr, *last_ = nullptr;
  std::size_t chunks_ = 0;
};
} // namespace spacetime::space
