#include "actors/node.hpp"

#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/supervisor.hpp"
#include "core/codec/tx.hpp"
#include "core/disk/chain_loader.hpp"

#include <caf/send.hpp>
#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <thread>

using namespace std::chrono_literals;

namespace spacetime {
namespace {
constexpr auto stop_limit = 5s;

/// Whether a signal to end waits; main takes it once the node runs.
bool is_told_to_stop() {
  sigset_t waiting;
  return ::sigpending(&waiting) == 0
         && (::sigismember(&waiting, SIGINT) == 1
             || ::sigismember(&waiting, SIGTERM) == 1);
}

/// A long work of the start reports to the log now and then.
disk::index_progress index_progress() {
  using clock = std::chrono::steady_clock;
  return {[start = clock::now(), next = clock::now() + 2s](
              std::uint64_t done, std::uint64_t total) mutable {
            const auto now = clock::now();
            if (now < next) return;
            next = now + 2s;
            const std::chrono::duration<double> took = now - start;
            const auto left = took.count() * static_cast<double>(total - done)
                              / static_cast<double>(done);
            log_event(
                log_level::info, "storage", "index_progress",
                {{"blocks", std::to_string(done)},
                 {"of", std::to_string(total)},
                 {"eta_s", std::to_string(static_cast<std::uint64_t>(left))}});
          },
          is_told_to_stop};
}

/// Passes tip changes to a function of main's.
using observer_actor = tip_listener::extend_with<follower_actor>;

struct observer_state {
  observer_state() = default;
  static inline const char* name = "observer";
};

using observer_self =
    caf::stateful_actor<observer_state, observed<observer_actor::base>>;

observer_actor::behavior_type
observer(observer_self* self, state_actor source,
         std::function<void(const tip_change_msg&)> f) {
  const auto renew = [self, source] {
    follow<tip_change_msg>(self, source, tip_listener{self});
    renew_later(self);
  };
  renew();
  return {
      [f](const tip_change_msg& m) { f(m); },
      [renew](atom::renew) { renew(); },
  };
}

/// Ends the process if nobody calls it off in time.
class watchdog {
public:
  explicit watchdog(std::chrono::milliseconds limit)
      : thread_([this, limit] {
          std::unique_lock lock{mutex_};
          if (changed_.wait_for(lock, limit, [this] { return done_; })) return;
          static constexpr char text[] = "error: shutdown took more than 5 s; "
                                         "ending now, nothing is lost\n";
          [[maybe_unused]] const auto n = write(2, text, sizeof text - 1);
          _exit(1);
        }) {}
  ~watchdog() {
    {
      const std::lock_guard guard{mutex_};
      done_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool done_ = false;
  std::thread thread_; // last: it uses the rest
};
} // namespace

node::node(chain_spec spec, node_options options) {
  boot_.rules = std::make_shared<const consensus::protocol>(std::move(spec));
  boot_.options = std::make_shared<const node_options>(std::move(options));
}

result<std::unique_ptr<node>> node::start(chain_spec spec,
                                          node_options options) {
  std::unique_ptr<node> out{new node{std::move(spec), std::move(options)}};
  auto& b = out->boot_;
  disk::store_options store_options = b.options->storage;
  auto store = disk::store::open(b.options->chain_dir, b.rules->spec.network(),
                                 store_options);
  if (!store) return fail(store.error());
  if (auto ok = disk::ensure_genesis(*b.rules, *store); !ok)
    return fail(ok.error());
  // Tried here, where a person reads the error, before any actor needs it.
  if (auto chain = disk::load_chain(*b.rules, *store); !chain)
    return fail(chain.error());
  if (auto ok = disk::prepare_indexes(*b.rules, *store, b.options->indexes,
                                      index_progress());
      !ok)
    return fail(ok.error());
  b.store = std::make_shared<disk::store>(std::move(*store));
  // As many as can wait in the mempool: a block brings few others.
  b.signatures = std::make_shared<verified_signatures>(b.options->mempool_bytes
                                                       / codec::tx_size(0));
  out->boot_all();
  return out;
}

void node::boot_all() {
  system_ = std::make_unique<caf::actor_system>(config_);
  const auto give_up = [this](const std::string& name, const error& why) {
    const std::lock_guard guard{mutex_};
    if (!gave_up_) gave_up_ = name + ": " + to_string(why);
    ::kill(::getpid(), SIGTERM); // main waits for it
  };
  // A child is made from what was booted before it, also after a crash.
#define ACTOR(name)                                                            \
  running_.push_back(                                                          \
      spawn_supervisor(*system_, {#name,                                       \
                                  [from = boot_](caf::actor_system& sys) {     \
                                    return caf::actor_cast<caf::actor>(        \
                                        spawn_##name(sys, from));              \
                                  },                                           \
                                  give_up}));                                  \
  boot_.actors.name = caf::actor_cast<name##_actor>(running_.back());
#include "actors/actors.def"
#undef ACTOR
  log_event(log_level::info, "node", "started",
            {{"network", boot_.rules->spec.genesis.name}});
}

node::~node() {
  if (!system_) return;
  log_event(log_level::info, "node", "stopping");
  const watchdog limit{stop_limit};
  boot_.actors = {};
  while (!running_.empty()) {
    caf::anon_send_exit(running_.back(), caf::exit_reason::user_shutdown);
    running_.pop_back();
  }
  system_.reset(); // waits until the last actor has ended
  if (auto ok = boot_.store->close(); !ok)
    log_event(log_level::error, "node", "close_failed",
              {{"why", to_string(ok.error())}});
  log_event(log_level::info, "node", "stopped");
}

void node::on_tip(std::function<void(const tip_change_msg&)> f) {
  running_.push_back(caf::actor_cast<caf::actor>(
      system_->spawn(observer, boot_.actors.state, std::move(f))));
}

std::optional<std::string> node::gave_up() const {
  const std::lock_guard guard{mutex_};
  return gave_up_;
}

} // namespace spacetime
