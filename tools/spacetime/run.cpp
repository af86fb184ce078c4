#include "tools/spacetime/run.hpp"

#include "actors/log.hpp"
#include "actors/node.hpp"
#include "actors/rpc/http_server.hpp"
#include "actors/signals.hpp"
#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/consensus/context.hpp"

#include <caf/actor_system.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <cstdio>
#include <thread>

using namespace std::chrono_literals;

namespace spacetime::cli {
namespace {
/// The first 16 hex digits: enough to compare two numbers of 256 bits.
std::string leading_digits(const u256& x) {
  return to_hex(to_bytes(x)).substr(0, 16);
}

/// Prints blocks as they join the chain, on one actor's thread.
class block_printer {
public:
  block_printer(const common_flags& flags, network_id network)
      : flags_(flags), network_(network) {}

  void take(const tip_change_msg& m) {
    (void)m.try_read([&](schema::TipChange::Reader in) {
      const auto tip = codec::decode_context(view(in.getTip()));
      const auto blocks = in.getConnected();
      for (unsigned i = 0; i < blocks.size(); ++i) {
        const auto b = codec::decode_block(network_, view(blocks[i]));
        if (b && tip) print(*b, i + 1 == blocks.size() ? &tip->score : nullptr);
      }
    });
  }

  [[nodiscard]] std::uint64_t blocks() const { return blocks_; }

private:
  void print(const block& b, const u256* score) {
    const auto& h = b.head;
    const auto waited = last_.value != 0 && h.time > last_
                            ? static_cast<double>(h.time.value - last_.value)
                            : 0;
    last_ = h.time;
    if (flags_.json) {
      const nlohmann::ordered_json line{
          {"schema", 1},
          {"event", "block"},
          {"height", h.height.value},
          {"epoch", h.epoch.value},
          {"id", "0x" + to_hex(codec::id_of(network_, h).value)},
          {"score", score ? "0x" + to_hex(to_bytes(*score)) : ""},
          {"target", "0x" + to_hex(to_bytes(h.target))},
          {"txs", b.txs.size()},
          {"time_ms", h.time.value}};
      fmt::print("{}\n", line.dump());
    } else {
      fmt::print("{}  height {:>6}  epoch {:>7}  score {}  target {}  txs {}"
                 "  +{:.1f} s\n",
                 utc(h.time).substr(11, 8), h.height.value, h.epoch.value,
                 score ? leading_digits(*score) : "-", leading_digits(h.target),
                 b.txs.size(), waited / 1000);
    }
    std::fflush(stdout);
    ++blocks_;
  }

  const common_flags& flags_;
  network_id network_;
  timestamp last_;
  std::atomic<std::uint64_t> blocks_{0};
};

log_options log_options_of(const prepared_node& n) {
  const auto& s = n.settings.log;
  log_options o;
  o.directory = n.home.inside(s.directory);
  o.level = s.level <= config::log_level::debug  ? log_level::debug
            : s.level == config::log_level::info ? log_level::info
            : s.level == config::log_level::warn ? log_level::warning
                                                 : log_level::error;
  o.json = s.format == config::log_format::json;
  o.max_bytes = s.rotate_size.value;
  o.files = s.rotate_count;
  return o;
}

/// Tries the port here, where a person reads the error; the actor would try it
/// again and again.
status check_port(const std::string& listen) {
  const auto at = rpc::parse_listen(listen);
  if (!at) return fail(at.error());
  const auto server = rpc::http_server::start(
      {*at},
      [](const auto&) {
        return rpc::http_answer{503, "starting"};
      },
      [](const auto&, const auto&, auto) {
        return rpc::http_answer{503, "starting"};
      });
  return server ? status{} : status{fail(server.error())};
}

/// Where RPC listens, once it does: a port 0 has become another. Nothing if it
/// takes too long; the node runs nevertheless.
std::string rpc_address(const node& running,
                        const std::filesystem::path& run_dir) {
  const auto end = std::chrono::steady_clock::now() + 3s;
  while (!running.gave_up() && std::chrono::steady_clock::now() < end) {
    if (const auto raw = disk::read_file(run_dir / "rpc", 1024)) {
      const std::string text(raw->begin(), raw->end());
      return " - rpc http://" + text.substr(0, text.find('\n'));
    }
    std::this_thread::sleep_for(5ms);
  }
  return {};
}

int wait_for_end(node& running, const block_printer& printer,
                 std::uint64_t wanted) {
  while (wanted == 0 || printer.blocks() < wanted)
    if (wait_for_signal(100ms)) break;
  if (const auto why = running.gave_up()) {
    fmt::print(stderr,
               "error: an actor failed again and again; the node stops\n"
               "  {}\n  see the log, then: spacetime chain verify\n",
               *why);
    return unhealthy;
  }
  return done;
}
} // namespace

int run_node(prepared_node n, const common_flags& flags,
             const run_request& request) {
  const auto begun = std::chrono::steady_clock::now();
  if (!open_log(log_options_of(n)))
    return report({errc::io_error,
                   n.options.log_dir.string() + ": cannot write the log"});
  block_printer printer{flags, n.spec.network()};
  if (auto ok = check_port(n.options.rpc_listen); !ok) {
    close_log();
    return report(ok.error(), "or for once: --rpc-listen 127.0.0.1:0");
  }
  const auto run_dir = n.options.run_dir;
  // What a killed process left: the directory is ours, and its address is not.
  std::error_code ignored;
  std::filesystem::remove(run_dir / "rpc", ignored);
  std::filesystem::remove(run_dir / "cookie", ignored);
  auto started = node::start(std::move(n.spec), std::move(n.options));
  if (!started) {
    close_log();
    return report(started.error(), started.error() == errc::corrupt
                                       ? "see: spacetime chain verify"
                                       : "");
  }
  auto& running = **started;
  running.on_tip([&](const tip_change_msg& m) { printer.take(m); });
  if (!flags.quiet) {
    const auto at = rpc_address(running, run_dir);
    fmt::print(stderr,
               "ready in {}{} - Ctrl-C stops all of it in under 5 s - next: "
               "spacetime status\n",
               human_seconds(std::chrono::duration<double>(
                                 std::chrono::steady_clock::now() - begun)
                                 .count()),
               at);
  }
  const int code = wait_for_end(running, printer, request.blocks);
  started->reset();
  close_log();
  if (!flags.quiet)
    fmt::print(stderr, "stopped after {} new blocks\n", printer.blocks());
  return code;
}
} // namespace spacetime::cli
