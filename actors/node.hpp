#pragma once
// One process of Spacetime: boots the actors of actors.def in order, supervises
// them, stops them in reverse.

#include "actors/boot.hpp"
#include "actors/system_config.hpp"
#include "core/base/result.hpp"

#include <mutex>
#include <optional>

namespace spacetime {
/// A running node. Signals must be blocked in all threads before it is made;
/// see actors/signals.hpp.
class node {
public:
  /// Opens the chain directory, writes the genesis block if it is new, boots
  /// every actor. Errors: those of `disk::store::open` and `load_chain`.
  static result<std::unique_ptr<node>> start(chain_spec spec,
                                             node_options options);
  /// Stops all of it: at most 5 s, then the process ends with exit code 1;
  /// that loses nothing, since every commit was durable.
  ~node();
  node(const node&) = delete;
  node& operator=(const node&) = delete;

  [[nodiscard]] const handles& actors() const { return boot_.actors; }
  [[nodiscard]] const consensus::protocol& rules() const {
    return *boot_.rules;
  }
  [[nodiscard]] caf::actor_system& system() { return *system_; }

  /// Calls `f` for every change of the tip, from an actor's thread.
  void on_tip(std::function<void(const tip_change_msg&)> f);

  /// Which actor crashed again and again, and why, once there is one: the node
  /// must stop, exit code 4.
  [[nodiscard]] std::optional<std::string> gave_up() const;

private:
  node(chain_spec spec, node_options options);
  void boot_all();

  system_config config_;
  boot boot_;
  std::unique_ptr<caf::actor_system> system_;
  std::vector<caf::actor> running_; // in boot order
  mutable std::mutex mutex_;
  std::optional<std::string> gave_up_;
};

} // namespace spacetime
