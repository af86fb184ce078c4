// What makes a chain spec valid, key by key. Every refusal begins with the key
// in backticks: the parser looks its line up by it.

#include "core/chain/spec.hpp"
#include "core/crypto/hash.hpp"

#include <set>

namespace spacetime {
namespace {
constexpr std::uint64_t max_squarings = std::uint64_t{1} << 40;
constexpr std::size_t max_changes = 256;          ///< of one rule
constexpr std::uint64_t max_frame = 4'000'000;    ///< bytes, of any message
constexpr std::uint64_t max_eras_crossed = 8'192; ///< by one block

using eras = std::vector<std::pair<epoch, rule_set>>;

tl::unexpected<error> refuse(const std::string& key, const std::string& why) {
  return fail(errc::bad_config, "`" + key + "` " + why);
}

status within(const std::string& key, std::uint64_t x, std::uint64_t least,
              std::uint64_t most) {
  if (x >= least && x <= most) return {};
  return refuse(key, "must be from " + std::to_string(least) + " to "
                         + std::to_string(most) + ", not " + std::to_string(x));
}

bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
bool is_name(char c) {
  return is_lower(c) || (c >= '0' && c <= '9');
}

status check_names(const genesis_section& g) {
  if (g.name.empty() || g.name.size() > 32
      || !std::ranges::all_of(g.name, is_name) || !is_lower(g.name.front()))
    return refuse("genesis.name", "must be 1 to 32 of a-z and 0-9, a-z first");
  if (g.hrp.empty() || g.hrp.size() > 16
      || !std::ranges::all_of(g.hrp, is_lower))
    return refuse("genesis.hrp", "must be 1 to 16 of a-z");
  return {};
}

status check_class_group(const genesis_section& g) {
  if (g.vdf_bits != 256 && g.vdf_bits != 512 && g.vdf_bits != 1024)
    return refuse("genesis.vdf_bits", "must be 256, 512 or 1024");
  if (g.k < 18 || g.k > 30 || g.k % 2 != 0)
    return refuse("genesis.k", "must be even and from 18 to 30");
  return within("genesis.strength", g.strength, 2, 63);
}

/// Simulated ticks come with simulated space: no proofs, so no sizes.
status check_simulated(const genesis_section& g) {
  if (g.vdf_bits != 0)
    return refuse("genesis.vdf_bits", "must be 0 where time is simulated");
  if (g.k != 0) return refuse("genesis.k", "must be 0 where time is simulated");
  if (g.strength != 0)
    return refuse("genesis.strength", "must be 0 where time is simulated");
  return {};
}

status check_mode(const genesis_section& g) {
  switch (g.mode) {
  case time_mode::class_group: return check_class_group(g);
  case time_mode::simulated: return check_simulated(g);
  }
  return refuse("genesis.mode", "must be class-group or simulated");
}

status check_premine(const genesis_section& g) {
  if (g.premine.size() > 65'535)
    return refuse("premine", "must have at most 65535 entries");
  std::set<account_id> seen;
  for (std::size_t i = 0; i < g.premine.size(); ++i) {
    const auto key = "premine[" + std::to_string(i) + "]";
    if (g.premine[i].value.value == 0)
      return refuse(key + ".amount", "must be above 0");
    if (!seen.insert(g.premine[i].account).second)
      return refuse(key + ".account", "must be listed only once");
  }
  return {};
}

status check_genesis(const genesis_section& g) {
  constexpr auto end_of_time = std::uint64_t{1} << 48;
  if (auto ok = check_names(g); !ok) return ok;
  if (auto ok = within("genesis.time", g.time.value, 0, end_of_time); !ok)
    return ok;
  if (auto ok = within("genesis.squarings", g.squarings, 1, max_squarings); !ok)
    return ok;
  if (auto ok = check_mode(g); !ok) return ok;
  if (g.target == 0) return refuse("genesis.target", "must be above 0");
  return check_premine(g);
}

status check_schedule(const rule_field& field, const rule_schedule& schedule) {
  const auto key = "rules." + std::string{field.name};
  if (schedule.empty() || schedule.front().first != epoch{0})
    return refuse(key, "must have a value from epoch 0");
  if (field.fixed && schedule.size() > 1)
    return refuse(key, "holds for ever: it cannot be a list of changes");
  if (schedule.size() > max_changes)
    return refuse(key, "must have at most " + std::to_string(max_changes)
                           + " entries");
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const auto entry = key + "[" + std::to_string(i) + "]";
    if (i > 0 && schedule[i].first <= schedule[i - 1].first)
      return refuse(entry, "must start after the entry before it");
    const auto& where = schedule.size() > 1 ? entry : key;
    if (auto ok = within(where, schedule[i].second, field.least, field.most);
        !ok)
      return ok;
  }
  return {};
}

status check_schedules(const std::vector<rule_schedule>& schedules) {
  const auto fields = rule_fields();
  if (schedules.size() != fields.size())
    return refuse("rules", "must have every rule once");
  for (std::size_t i = 0; i < fields.size(); ++i)
    if (auto ok = check_schedule(fields[i], schedules[i]); !ok) return ok;
  return {};
}

/// One rule set for every epoch at which some rule changes.
/// @pre check_schedules
eras merge(const std::vector<rule_schedule>& schedules) {
  std::set<epoch> starts;
  for (const auto& schedule : schedules)
    for (const auto& [from, value] : schedule) starts.insert(from);
  eras out;
  for (const auto start : starts) {
    auto rules = out.empty() ? rule_set{} : out.back().second;
    for (std::size_t i = 0; i < schedules.size(); ++i) {
      const auto change = std::ranges::lower_bound(
          schedules[i], start, {}, &rule_schedule::value_type::first);
      if (change != schedules[i].end() && change->first == start)
        rules.*rule_fields()[i].member = change->second;
    }
    out.emplace_back(start, rules);
  }
  return out;
}

/// A block of K ticks per era, with the longest gap, still fits one message.
std::uint64_t largest_block(const rule_set& r) {
  return 4'096 + 202 * (2 * r.ticks_per_era + max_eras_crossed)
         + r.max_body_bytes;
}

status check_rules(epoch from, const rule_set& r) {
  const auto since = ", from epoch " + std::to_string(from.value);
  if (r.tau_min_ms > r.tau_ms)
    return refuse("rules.tau_min_ms", "must be at most tau_ms" + since);
  if (largest_block(r) > max_frame)
    return refuse("rules.max_body_bytes",
                  "and ticks_per_era allow a block that fits no message of "
                      + std::to_string(max_frame) + " bytes" + since);
  return {};
}

/// Premine and subsidies of all 2^32 heights together, so that no sum of
/// balances can overflow.
u256 greatest_supply(const genesis_section& g, const rule_set& r) {
  u256 sum = 0;
  for (const auto& entry : g.premine) sum += entry.value.value;
  std::uint64_t left = 4'294'967'295;
  for (unsigned shift = 0; shift < 63 && left > 0; ++shift) {
    const auto blocks = std::min(left, r.halving);
    sum += u256{std::max(r.tail, r.subsidy >> shift)} * blocks;
    left -= blocks;
  }
  return sum + u256{std::max(r.tail, r.subsidy >> 63)} * left;
}

/// What the rules that hold for ever ask of each other and of genesis.
status check_fixed(const genesis_section& g, const rule_set& r) {
  if (r.infusion_lag >= r.ticks_per_era)
    return refuse("rules.infusion_lag", "must be below ticks_per_era");
  if (r.squarings_floor > r.squarings_cap)
    return refuse("rules.squarings_floor", "must be at most squarings_cap");
  if (g.squarings < r.squarings_floor || g.squarings > r.squarings_cap)
    return refuse("genesis.squarings",
                  "must lie between squarings_floor and squarings_cap");
  if (greatest_supply(g, r) > ~std::uint64_t{0})
    return refuse("rules.subsidy", "premine and tail exceed 2^64 motes");
  return {};
}
} // namespace

status chain_spec::finish() {
  if (auto ok = check_genesis(genesis); !ok) return ok;
  if (auto ok = check_schedules(schedules); !ok) return ok;
  auto merged = merge(schedules);
  if (auto ok = check_fixed(genesis, merged.front().second); !ok) return ok;
  for (const auto& [from, rules] : merged)
    if (auto ok = check_rules(from, rules); !ok) return ok;
  eras_ = std::move(merged);
  network_.value = hash("st/network", {canonical_genesis()});
  return {};
}
} // namespace spacetime
