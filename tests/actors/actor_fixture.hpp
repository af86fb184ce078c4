#pragma once
// What most actor tests stand on: the sim network, options, a real store.

#include "core/disk/chain_loader.hpp"
#include "tests/actors/fakes.hpp"
#include "tests/actors/sim_chain.hpp"
#include "tests/core/disk/disk_fixture.hpp"

namespace spacetime::test {
using namespace std::chrono_literals;

inline constexpr std::uint64_t plenty = std::uint64_t{1} << 40;

/// A boot whose clock is virtual time on top of the genesis time, and whose
/// store believes what `free_space` says.
struct actor_fixture : deterministic {
  actor_fixture() {
    auto o = std::make_shared<node_options>();
    o->farmer_key = some_key(1);
    o->payee = account_of(some_key(1).public_part());
    o->workers = 2;
    o->squares = false;
    o->storage.verify = disk::verify_policy::never;
    o->storage.sync = disk::sync_policy::batch; // no test loses power
    o->storage.map_start = 16 << 20;
    o->storage.free_space = [this](const auto&) { return free_space(); };
    o->now = [this] {
      return timestamp{
          clock_offset
          + static_cast<std::uint64_t>(
              std::chrono::duration_cast<std::chrono::milliseconds>(now())
                  .count())};
    };
    options = o;
    from.rules = chain.rules;
    from.options = o;
    from.signatures = std::make_shared<verified_signatures>(1000);
    from.detached = false;
  }
  // Actors first: they hold the store, and call back into this fixture.
  ~actor_fixture() { stop_all(); }

  /// Opens the store in a new directory, with genesis.
  void open_store() {
    auto store =
        disk::store::open(*home, chain.rules->spec.network(), options->storage);
    check(store && disk::ensure_genesis(*chain.rules, *store)
              && disk::prepare_indexes(*chain.rules, *store, options->indexes,
                                       {}),
          "a store can be made");
    from.store = std::make_shared<disk::store>(std::move(*store));
  }

  temporary_directory home;
  sim_chain chain;
  std::uint64_t clock_offset = chain.rules->spec.genesis.time.value;
  std::function<result<std::uint64_t>()> free_space = [] {
    return result<std::uint64_t>{plenty};
  };
  std::shared_ptr<node_options> options;
  boot from;
};
} // namespace spacetime::test
