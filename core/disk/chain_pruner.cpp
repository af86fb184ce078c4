#include "core/disk/chain_pruner.hpp"

#include "core/disk/chain_loader.hpp"

#include <charconv>

namespace spacetime::disk {
namespace {
constexpr std::uint32_t undo_batch = 512; // records per step

/// The lowest height of the best chain in this era or a later one.
result<height> first_of_era(const reader& s, height tip, std::uint64_t era) {
  std::uint32_t low = 0;
  auto high = tip.value;
  while (low < high) {
    const auto middle = low + (high - low) / 2;
    auto id = s.id_at({middle});
    // Below a snapshot that was imported nothing is known.
    if (!id && id.error() == errc::not_found) {
      low = middle + 1;
      continue;
    }
    if (!id) return fail(id.error());
    auto context = context_of(s, *id);
    if (!context) return fail(context.error());
    if (context->era.number < era)
      low = middle + 1;
    else
      high = middle;
  }
  return height{low};
}

std::uint64_t least_eras(const rule_set& rules) {
  return rules.max_reorg + 1;
}
} // namespace

result<prune_policy> parse_prune(std::string_view text) {
  if (text == "off") return prune_policy{};
  std::uint64_t n = 0;
  const auto [stopped, ec] =
      std::from_chars(text.data(), text.data() + text.size(), n);
  const auto unit =
      text.substr(static_cast<std::size_t>(stopped - text.data()));
  if (ec == std::errc{} && n > 0) {
    if (unit == " blocks") return prune_policy{n, 0};
    if (unit == " eras") return prune_policy{0, n};
  }
  return fail(errc::bad_encoding,
              "expected off, \"5000 blocks\" or \"60 eras\"");
}

status check_prune(const prune_policy& policy, const rule_set& rules) {
  const auto eras = least_eras(rules);
  const auto blocks = u256{eras} * rules.ticks_per_era
                      * rules.spacing_denominator / rules.spacing_numerator;
  const auto refuse = [&](std::uint64_t n, const char* unit) {
    return fail(errc::bad_config,
                "storage.prune = \"" + std::to_string(n) + unit
                    + "\" keeps too little: a reorganisation may go back "
                    + std::to_string(rules.max_reorg)
                    + " eras on this network, so keep at least "
                    + std::to_string(eras) + " eras or " + blocks.str()
                    + " blocks");
  };
  if (policy.eras != 0 && policy.eras < eras)
    return refuse(policy.eras, " eras");
  if (policy.blocks != 0 && policy.blocks < blocks)
    return refuse(policy.blocks, " blocks");
  return {};
}

result<height> kept_from(const consensus::protocol& p, const reader& s,
                         const prune_policy& policy) {
  auto id = s.tip();
  if (!id) return fail(id.error());
  auto tip = context_of(s, *id);
  if (!tip) return fail(tip.error());
  if (policy == prune_policy{}) return height{0};
  const auto at = tip->facts.height;
  const auto eras =
      std::max(least_eras(p.spec.at(tip->facts.epoch)), policy.eras);
  if (tip->era.number <= eras) return height{0};
  auto kept = first_of_era(s, at, tip->era.number - eras);
  if (!kept || policy.blocks == 0) return kept;
  if (policy.blocks >= at.value) return height{0};
  const height by_blocks{at.value - static_cast<std::uint32_t>(policy.blocks)};
  return std::min(*kept, by_blocks);
}

status prune(const consensus::protocol& p, store& s,
             const prune_policy& policy) {
  if (policy == prune_policy{}) return {};
  auto kept = kept_from(p, s, policy);
  if (!kept) return fail(kept.error());
  auto from = s.undo_from();
  if (!from) return fail(from.error());
  if (*from < *kept) {
    commit change;
    change.sync = sync_policy::batch; // lost, it is done again
    auto h = from->value;
    for (; h < kept->value && h < from->value + undo_batch; ++h)
      if (auto id = s.id_at({h}))
        change.undo_erased.push_back(*id);
      else if (id.error() != errc::not_found)
        return fail(id.error());
    change.undo_from = height{h};
    if (auto ok = s.apply(change); !ok) return ok;
  }
  auto needed = s.first_needed_segment(*kept);
  if (!needed) return fail(needed.error());
  return s.forget_segments(*needed);
}
} // namespace spacetime::disk
