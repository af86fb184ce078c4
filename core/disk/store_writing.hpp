#pragma once
// What a store has beside a reader; for store.cpp and store_write.cpp.

#include "core/disk/store.hpp"
#include "core/disk/store_detail.hpp"

namespace spacetime::disk {
struct store::writing {
  store_options options;
  directory_lock lock;
  location end{}; ///< committed
  std::atomic<bool> low{false};
  std::atomic<bool> failed{false};

  writing(store_options o, directory_lock l)
      : options(std::move(o)), lock(std::move(l)) {}
};
} // namespace spacetime::disk
