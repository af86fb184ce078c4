#pragma once
// What the RPC actor knows of its node, for the threads that answer requests.

#include "actors/boot.hpp"
#include "actors/rpc/ask.hpp"
#include "actors/rpc/chain_queries.hpp"
#include "core/consensus/context.hpp"

#include <atomic>
#include <map>
#include <mutex>
#include <optional>

namespace spacetime::rpc {
/// An actor's status as it was last told.
struct told_status {
  schema::Status::Health health = schema::Status::Health::ABSENT;
  std::string why;
  std::vector<std::pair<std::string, std::string>> entries;
  timestamp at; ///< when it came
};

/// Opens a status message. Errors: `malformed`.
result<told_status> open(const status_msg& m, timestamp now);

/// Actors by the key of their object in `node_getStatus`.
using actor_list = std::vector<std::pair<std::string, status_actor>>;

/// Any thread may call any function.
class node_view {
public:
  node_view(caf::actor_system& sys, const boot& from);

  [[nodiscard]] const chain_spec& spec() const;
  [[nodiscard]] const disk::reader& store() const { return *boot_.store; }
  [[nodiscard]] const handles& actors() const { return boot_.actors; }
  [[nodiscard]] caf::actor_system& system() { return system_; }
  [[nodiscard]] open_questions& questions() { return questions_; }
  /// How many threads wait for a transaction's fate.
  [[nodiscard]] std::atomic<unsigned>& waiters() { return waiters_; }
  [[nodiscard]] timestamp now() const { return boot_.options->now(); }
  /// Those that are on, in boot order; without the RPC actor itself.
  [[nodiscard]] const actor_list& list() const { return list_; }

  void take(const consensus::chain_context& tip);
  void take(const std::string& actor, told_status status);
  /// The RPC actor's own status.
  void watch(std::shared_ptr<const http_counters> counters, listen_address at);

  /// The whole of `node_getStatus`. Asks every actor, at most 300 ms in all;
  /// one that does not answer shows what it last said, with `as_of`.
  [[nodiscard]] json status(asker& ask);
  /// The body of /healthz, from what is known already.
  [[nodiscard]] json health() const;
  /// What the RPC actor says of itself.
  [[nodiscard]] told_status own_status() const;

private:
  struct facts {
    std::optional<consensus::chain_context> tip;
    std::map<std::string, told_status> told;
  };
  [[nodiscard]] facts copy() const;
  [[nodiscard]] std::uint64_t stale_after_ms() const;
  [[nodiscard]] std::uint64_t quiet_ms(const facts& f) const;
  [[nodiscard]] json checks(const facts& f) const;
  void refresh(asker& ask);

  caf::actor_system& system_;
  const boot boot_;
  const actor_list list_;
  const timestamp start_;
  open_questions questions_;
  std::atomic<unsigned> waiters_{0};
  mutable std::mutex mutex_;
  facts facts_;
  std::shared_ptr<const http_counters> counters_;
  listen_address at_;
};

/// Program version, e.g. "0.1.0".
std::string_view version();
} // namespace spacetime::rpc
