#include "core/chain/spec.hpp"

#include "core/base/check.hpp"
#include "core/crypto/hash.hpp"

namespace spacetime {
namespace {
/// @pre finish() has bounded the length
void put_text(writer& out, std::string_view text) {
  check(text.size() < 256, "a name is shorter than 256 bytes");
  out.put(static_cast<std::uint8_t>(text.size())).put(view(text));
}

std::uint16_t count16(std::size_t n) {
  check(n < 65'536, "a list of the chain spec has fewer than 2^16 entries");
  return static_cast<std::uint16_t>(n);
}
} // namespace

const rule_set& chain_spec::at(epoch e) const {
  check(!eras_.empty(), "a chain spec is finished before it is asked");
  const auto after = std::upper_bound(
      eras_.begin() + 1, eras_.end(), e,
      [](epoch left, const auto& right) { return left < right.first; });
  return std::prev(after)->second;
}

bytes chain_spec::canonical_genesis() const {
  writer out;
  put_text(out, genesis.name);
  put_text(out, genesis.hrp);
  out.put(genesis.time.value).put(genesis.seed.value_or(bytes32{}));
  out.put(static_cast<std::uint8_t>(genesis.mode)).put(genesis.vdf_bits);
  out.put(genesis.squarings).put(genesis.k).put(genesis.strength);
  out.put(static_cast<std::uint8_t>(genesis.test_plots));
  out.put(to_bytes(genesis.target)).put(count16(genesis.premine.size()));
  for (const auto& entry : genesis.premine)
    out.put(entry.account.value).put(entry.value.value);
  return std::move(out).take();
}

bytes chain_spec::canonical_rules(epoch until) const {
  writer out;
  for (const auto& schedule : schedules) {
    const auto end = std::ranges::upper_bound(
        schedule, until, {}, &rule_schedule::value_type::first);
    const auto kept = std::span{schedule.begin(), end};
    out.put(count16(kept.size()));
    for (const auto& [from, value] : kept) out.put(from.value).put(value);
  }
  // A list like the others, though it never changes.
  out.put(count16(1)).put(std::uint64_t{0}).put(to_bytes(minimum_weight));
  return std::move(out).take();
}

bytes32 chain_spec::rules_id(epoch until) const {
  return hash("st/rules", {canonical_rules(until)});
}
} // namespace spacetime
