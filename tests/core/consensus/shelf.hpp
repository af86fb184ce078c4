#pragma once
// A node without disk or network: a chain_state and what its store would hold.

#include "core/consensus/chain_state.hpp"
#include "tests/core/consensus/consensus_fixture.hpp"
#include "tests/core/state/snapshot.hpp"

#include <set>

namespace spacetime::test {
/// What becomes of one read of the store.
enum class trouble : std::uint8_t { io_error, damaged, missing };

class shelf {
public:
  explicit shelf(const chain_maker& m) : rules_(m.rules()) {
    chain_.emplace(rules_, stored(), m.genesis().context, m.genesis().ledger);
    put(m.genesis().context, m.genesis().raw);
    heights_.push_back(m.genesis().id());
  }
  shelf(const shelf&) = delete;
  shelf& operator=(const shelf&) = delete;

  [[nodiscard]] consensus::chain_state& chain() { return *chain_; }
  [[nodiscard]] const block_id& tip() const { return chain_->tip().id; }
  [[nodiscard]] bytes state() const { return snapshot(chain_->ledger()); }
  [[nodiscard]] const std::vector<block_id>& heights() const {
    return heights_;
  }
  [[nodiscard]] std::vector<consensus::fork> forks() const {
    return chain_->beside().forks(chain_->tip().weight, 100);
  }

  /// Offers a block and makes the step durable.
  result<consensus::chain_step> offer(const made_block& b,
                                      const consensus::arrival& how = {}) {
    auto step = chain_->offer(b.context, b.raw, how);
    if (step) put(b.context, b.raw);
    return keep(std::move(step));
  }
  void offer_all(const std::vector<made_block>& blocks) {
    for (const auto& b : blocks) REQUIRE(offer(b));
  }
  result<consensus::chain_step> invalidate(const block_id& id) {
    return keep(chain_->invalidate(id));
  }
  result<consensus::chain_step> reconsider(const block_id& id) {
    return keep(chain_->reconsider(id));
  }

  /// Offers a block, and the store fails.
  result<consensus::chain_step>
  offer_in_vain(const made_block& b, const consensus::arrival& how = {}) {
    auto step = chain_->offer(b.context, b.raw, how);
    if (step) chain_->revert();
    return step;
  }

  /// The process ends and begins again: what is stored is what it knows.
  result<consensus::chain_step> restart() {
    consensus::stored_forks beside;
    const std::set<block_id> best(heights_.begin(), heights_.end());
    for (const auto& [id, c] : contexts_)
      if (!best.contains(id))
        beside.blocks.push_back(consensus::side_of(c, undos_.contains(id)));
    beside.invalidated = {marks_.begin(), marks_.end()};
    auto ledger = chain_->ledger();
    chain_.emplace(rules_, stored(), contexts_.at(heights_.back()),
                   std::move(ledger), beside);
    return keep(chain_->resume());
  }

  /// What is stored of a block is damaged.
  void lose_raw(const block_id& id) { raws_.erase(id); }
  void set_raw(const block_id& id, bytes raw) { raws_[id] = std::move(raw); }
  void lose_undo(const block_id& id) { undos_.erase(id); }
  void set_undo(const block_id& id, bytes raw) { undos_[id] = std::move(raw); }
  [[nodiscard]] bytes undo_of(const block_id& id) const {
    return undos_.at(id);
  }
  [[nodiscard]] bytes raw_of(const block_id& id) const { return raws_.at(id); }

  /// The n-th read from now on, the first is 1, goes wrong.
  void fail_read(std::size_t n, trouble how) {
    reads_ = 0;
    fail_at_ = n;
    how_ = how;
  }
  /// Reads since the last `fail_read`.
  [[nodiscard]] std::size_t reads() const { return reads_; }

private:
  static bytes damage(bytes raw) {
    raw.resize(raw.size() / 2);
    return raw;
  }
  static result<consensus::chain_context> damage(consensus::chain_context) {
    return fail(errc::corrupt, "a context");
  }
  static result<block_id> damage(block_id) {
    return fail(errc::corrupt, "a height");
  }

  template <class Value>
  result<Value> read(const Value* found) {
    if (++reads_ == fail_at_) {
      if (how_ == trouble::io_error) return fail(errc::io_error);
      if (how_ == trouble::missing) return fail(errc::not_found);
      if (found) return damage(*found);
      return fail(errc::corrupt);
    }
    if (!found) return fail(errc::not_found);
    return *found;
  }
  template <class Value>
  result<Value> find(const std::map<block_id, Value>& all, const block_id& id) {
    const auto found = all.find(id);
    return read(found == all.end() ? nullptr : &found->second);
  }
  consensus::archive stored() {
    return {[this](const block_id& id) { return find(contexts_, id); },
            [this](const block_id& id) { return find(raws_, id); },
            [this](const block_id& id) { return find(undos_, id); },
            [this](height at) {
              return read(at.value < heights_.size() ? &heights_[at.value]
                                                     : nullptr);
            }};
  }
  void put(const consensus::chain_context& c, const bytes& raw) {
    contexts_[c.id] = c;
    raws_[c.id] = raw;
  }
  result<consensus::chain_step> keep(result<consensus::chain_step> step) {
    if (!step) return step;
    for (const auto& c : step->connected)
      undos_[c.context.id] = state::encode(c.change);
    if (step->moves()) heights_.resize(step->fork.value + 1);
    for (const auto& c : step->connected) heights_.push_back(c.context.id);
    CHECK(heights_.back() == step->tip);
    marks_.insert(step->invalidated.begin(), step->invalidated.end());
    for (const auto& id : step->reconsidered) marks_.erase(id);
    chain_->settle();
    return step;
  }

  const consensus::protocol& rules_;
  std::map<block_id, consensus::chain_context> contexts_;
  std::map<block_id, bytes> raws_, undos_;
  std::vector<block_id> heights_;
  std::set<block_id> marks_;
  std::size_t reads_ = 0, fail_at_ = 0;
  trouble how_ = trouble::io_error;
  std::optional<consensus::chain_state> chain_;
};
} // namespace spacetime::test
