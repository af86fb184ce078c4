#pragma once
// What an actor gets when it is made, and how each one is made.

#include "actors/protocol.hpp"
#include "core/chain/spec.hpp"
#include "core/crypto/sign.hpp"
#include "core/disk/chain_indexes.hpp"
#include "core/disk/chain_pruner.hpp"
#include "core/disk/store.hpp"
#include "core/tx/signatures.hpp"

#include <caf/fwd.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>

namespace spacetime {
namespace consensus {
struct protocol;
}

/// A follower that has not renewed for so long is forgotten.
inline constexpr std::chrono::seconds lease{15};
/// Every request between actors of one machine is answered by then.
inline constexpr std::chrono::seconds request_timeout{10};

/// Settings of one node; times and sizes in the units of their types.
struct node_options {
  std::filesystem::path chain_dir, run_dir, log_dir;
  std::vector<std::filesystem::path> plot_dirs;

  disk::store_options storage;
  disk::index_choice indexes;
  disk::prune_policy prune; ///< which bodies and undo records go

  std::string rpc_listen = "127.0.0.1:9791";

  secret_key farmer_key; ///< signs our blocks
  account_id payee;      ///< of blocks won by plots with a free payee

  bool squares = true; ///< run the squaring loop here
  /// Least time between ticks; zero: flat out.
  std::chrono::milliseconds tick_pace{0};

  std::size_t mempool_bytes = 64u << 20;
  std::filesystem::path mempool_file; ///< keeps it over a restart; or empty
  std::chrono::milliseconds mempool_expiry = std::chrono::hours{24};
  unsigned workers = 0; ///< of validator and scanner; 0: one per core
  /// Milliseconds since 1970 UTC; tests put their own clock here.
  std::function<timestamp()> now;
};

/// Handles of the actors booted so far; null for those that are off.
struct handles {
#define ACTOR(name) name##_actor name;
#include "actors/actors.def"
#undef ACTOR
};

/// Everything an actor is made from. Copies share what they point to.
struct boot {
  std::shared_ptr<const consensus::protocol> rules;
  std::shared_ptr<const node_options> options;
  /// Written by the storage actor alone; others of this machine read.
  std::shared_ptr<disk::store> store;
  /// Signatures that mempool and validator need not verify again; or null.
  std::shared_ptr<verified_signatures> signatures;
  handles actors;
  bool detached = true; ///< workers on threads of their own; false in tests
};

#define ACTOR(name)                                                            \
  name##_actor spawn_##name(caf::actor_system& sys, const boot& from);
#include "actors/actors.def"
#undef ACTOR
} // namespace spacetime
