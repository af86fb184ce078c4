#pragma once
// A node without disk or network: a chain_state and what its store would hold.

#include "core/consensus/chain_state.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"
#include "tests/core/state/snapshot.hpp"

namespace spacetime::test {
class shelf {
public:
  explicit shelf(const chain_maker& m)
      : chain_(m.rules(), stored(), m.genesis().context, m.genesis().ledger) {
    put(m.genesis().context, m.genesis().raw);
    heights_.push_back(m.genesis().id());
  }
  shelf(const shelf&) = delete;
  shelf& operator=(const shelf&) = delete;

  [[nodiscard]] consensus::chain_state& chain() { return chain_; }
  [[nodiscard]] const block_id& tip() const { return chain_.tip().id; }
  [[nodiscard]] bytes state() const { return snapshot(chain_.ledger()); }
  [[nodiscard]] const std::vector<block_id>& heights() const {
    return heights_;
  }

  /// Offers a block and makes the step durable.
  result<consensus::chain_step> offer(const made_block& b,
                                      const consensus::arrival& how = {}) {
    auto step = chain_.offer(b.context, b.raw, how);
    if (!step) return step;
    put(b.context, b.raw);
    for (const auto& c : step->connected)
      undos_[c.context.id] = state::encode(c.change);
    heights_.resize(step->fork.value + 1);
    for (const auto& c : step->connected) heights_.push_back(c.context.id);
    chain_.settle();
    return step;
  }
  void offer_all(const std::vector<made_block>& blocks) {
    for (const auto& b : blocks) REQUIRE(offer(b));
  }

  /// Offers a block, and the store fails.
  result<consensus::chain_step>
  offer_in_vain(const made_block& b, const consensus::arrival& how = {}) {
    auto step = chain_.offer(b.context, b.raw, how);
    if (step) chain_.revert();
    return step;
  }

  /// What is stored of a block is damaged.
  void lose_raw(const block_id& id) { raws_.erase(id); }
  void set_undo(const block_id& id, bytes raw) { undos_[id] = std::move(raw); }
  [[nodiscard]] bytes undo_of(const block_id& id) const {
    return undos_.at(id);
  }

private:
  template <class Value>
  static result<Value> find(const std::map<block_id, Value>& all,
                            const block_id& id) {
    const auto found = all.find(id);
    if (found == all.end()) return fail(errc::not_found);
    return found->second;
  }
  consensus::archive stored() {
    return {[this](const block_id& id) { return find(contexts_, id); },
            [this](const block_id& id) { return find(raws_, id); },
            [this](const block_id& id) { return find(undos_, id); },
            [this](height at) -> result<block_id> {
              if (at.value >= heights_.size()) return fail(errc::not_found);
              return heights_[at.value];
            }};
  }
  void put(const consensus::chain_context& c, const bytes& raw) {
    contexts_[c.id] = c;
    raws_[c.id] = raw;
  }

  std::map<block_id, consensus::chain_context> contexts_;
  std::map<block_id, bytes> raws_, undos_;
  std::vector<block_id> heights_;
  consensus::chain_state chain_;
};
} // namespace spacetime::test
