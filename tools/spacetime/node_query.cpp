#include "tools/spacetime/node_query.hpp"

#include "core/base/hex.hpp"
#include "core/disk/store.hpp"

#include <fmt/format.h>

namespace spacetime::cli {
result<place> place_of(const common_flags& flags) {
  auto home = home_of(flags);
  if (!home) return fail(home.error());
  auto spec = spec_of(*home);
  if (!spec) return fail(spec.error());
  return place{std::move(*home), std::move(*spec)};
}

result<disk::reader> open_database(const place& at, disk::verify_when when) {
  // In a child: LMDB trusts its pages, and a damaged one may end the process.
  constexpr auto limit = std::chrono::minutes{10};
  auto sound = disk::verify_in_child(at.home.chain_dir, limit, when);
  if (!sound && sound.error() != errc::not_found) return fail(sound.error());
  auto store = disk::store::open_read_only(at.home.chain_dir);
  if (!store && store.error() == errc::not_found)
    return fail(errc::unavailable,
                "no node is running, and there is no chain in "
                    + at.home.chain_dir.string());
  if (!store) return store;
  if (store->network() != at.spec.network())
    return fail(errc::wrong_network,
                at.home.chain_dir.string() + " is of network "
                    + to_hex(store->network().value) + ", not "
                    + to_hex(at.spec.network().value));
  return store;
}

result<answer> ask_or_read(const place& at, const std::string& method,
                           const json& params, const database_query& query) {
  auto node = rpc_client::open(at.home);
  result<json> said =
      node ? node->call(method, params) : result<json>{fail(node.error())};
  if (said) return answer{std::move(*said), false};
  if (said.error() != errc::unavailable) return fail(said.error());
  auto store = open_database(at, disk::verify_when::unclean);
  if (!store) return fail(store.error());
  auto read = query(at, *store);
  if (!read) return fail(read.error());
  return answer{std::move(*read), true};
}

int print(const common_flags& flags, json value,
          const std::function<std::string(const json&)>& as_text) {
  if (!flags.json) {
    fmt::print("{}", as_text(value));
    return done;
  }
  json out = {{"schema", 1}};
  for (auto& [key, x] : value.items()) out[key] = std::move(x);
  fmt::print("{}\n", out.dump(2));
  return done;
}
} // namespace spacetime::cli
