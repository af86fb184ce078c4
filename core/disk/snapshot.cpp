#include "core/disk/snapshot.hpp"

#include "core/base/hex.hpp"
#include "core/codec/block.hpp"
#include "core/codec/context.hpp"
#include "core/disk/chain_loader.hpp"
#include "core/disk/header_batch.hpp"
#include "core/disk/snapshot_file.hpp"

#include <cerrno>
#include <cstdio>

namespace spacetime::disk {
namespace {
constexpr std::size_t batch = 256; // headers
constexpr std::size_t accounts_a_commit = 20'000;

height height_of(std::uint64_t h) {
  return {static_cast<std::uint32_t>(h)};
}

/// Says what is done, and whether to go on.
status step(const snapshot_options& o, std::string_view what,
            std::uint64_t done, std::uint64_t total) {
  if (o.cancel && *o.cancel) return fail(errc::cancelled);
  if (o.progress && (done % 256 == 0 || done == total))
    o.progress(what, done, total);
  return {};
}

class exporter {
public:
  exporter(const consensus::protocol& p, const reader& s,
           const snapshot_options& o)
      : protocol_(p), store_(s), options_(o) {}

  result<snapshot_summary> run(const path& file, std::optional<height> at) {
    auto loaded = load_settled(protocol_, store_);
    if (!loaded) return fail(loaded.error());
    auto& ledger = loaded->ledger;
    if (auto ok = undo_to(ledger, at.value_or(ledger.height())); !ok)
      return fail(ok.error());
    auto id = store_.id_at(ledger.height());
    if (!id) return fail(id.error());
    auto out = snapshot_writer::create(file, {protocol_.spec.network(),
                                              ledger.height(), *id,
                                              ledger.accounts().size()});
    if (!out) return fail(out.error());
    if (auto ok = put_headers(*out, ledger); !ok) return fail(ok.error());
    if (auto ok = put_state(*out, ledger); !ok) return fail(ok.error());
    auto size = out->finish();
    if (!size) return fail(size.error());
    auto context = context_of(store_, *id);
    if (!context) return fail(context.error());
    return snapshot_summary{
        *id,   ledger.height(),     ledger.accounts().size(),
        *size, ledger.state_root(), context->weight};
  }

private:
  status undo_to(state::ledger& ledger, height at) {
    const auto tip = ledger.height();
    if (at > tip)
      return fail(errc::not_found,
                  "the tip's height is " + std::to_string(tip.value));
    while (ledger.height() > at) {
      const auto h = ledger.height().value;
      if (auto ok =
              step(options_, "undoing", tip.value - h, tip.value - at.value);
          !ok)
        return ok;
      auto id = store_.id_at({h});
      auto raw = id ? store_.undo(*id) : result<bytes>{fail(id.error())};
      if (!raw && raw.error() == errc::not_found)
        return fail(errc::not_found,
                    "there is no undo record of the block at height "
                        + std::to_string(h)
                        + ", so its state is the lowest "
                          "that can be exported");
      if (!raw) return fail(raw.error());
      auto change = state::decode_delta(*raw);
      if (!change)
        return fail(errc::corrupt,
                    "undo record at height " + std::to_string(h));
      if (auto ok = ledger.undo(*change); !ok) return moved();
    }
    return {};
  }

  static tl::unexpected<error> moved() {
    return fail(errc::stale, "the node has reorganised its chain; try again");
  }

  status put_headers(snapshot_writer& out, const state::ledger& ledger) {
    const auto last = ledger.height().value;
    block_id below;
    for (std::uint64_t h = 0; h <= last; ++h) {
      if (auto ok = step(options_, "headers", h, last); !ok) return ok;
      auto id = store_.id_at(height_of(h));
      if (!id) return fail(id.error());
      auto raw = store_.block(*id);
      if (!raw && raw.error() == errc::not_found)
        return fail(errc::not_found, "the header of the block at height "
                                         + std::to_string(h)
                                         + " is not stored any more");
      if (!raw) return fail(raw.error());
      auto head = codec::header_of_block(*raw);
      if (!head) return fail(errc::corrupt, "block " + to_hex(id->value));
      if (head->parent != below) return moved();
      if (h == last && head->state_root != ledger.state_root()) return moved();
      if (auto ok = out.put_header(codec::encode(*head)); !ok) return ok;
      below = *id;
    }
    return {};
  }

  status put_state(snapshot_writer& out, const state::ledger& ledger) {
    status ok;
    std::uint64_t n = 0;
    const auto all = ledger.accounts().size();
    ledger.accounts().for_each([&](const state::account_entry& e) {
      if (ok) ok = step(options_, "accounts", ++n, all);
      if (ok) ok = out.put_account(e);
    });
    if (!ok) return ok;
    return out.put_rewards(state::encode(ledger.rewards()));
  }

  const consensus::protocol& protocol_;
  const reader& store_;
  const snapshot_options& options_;
};

/// A header as a block without its body.
bytes without_body(byte_view raw) {
  writer out;
  out.put(static_cast<std::uint32_t>(raw.size())).put(raw);
  return std::move(out).take();
}

class importer {
public:
  importer(const consensus::protocol& p, const path& file,
           const snapshot_options& o)
      : protocol_(p), file_(file), options_(o), time_(p) {}

  result<snapshot_summary> run(store& to) {
    snapshot_visitor see;
    see.header = [&](std::uint64_t h, byte_view raw) {
      return take_header(to, h, raw);
    };
    see.account = [&](std::uint64_t i, const state::account_entry& e) {
      accounts_.push_back(e);
      return step(options_, "accounts", i, head_.accounts);
    };
    see.rewards = [&](byte_view raw) -> status {
      rewards_.assign(raw.begin(), raw.end());
      return {};
    };
    // Damage is told from a false chain, and before work is put into it.
    auto head = read_snapshot(file_, protocol_.spec.network(), checking());
    if (!head) return fail(head.error());
    head_ = *head;
    head = read_snapshot(file_, protocol_.spec.network(), see);
    if (!head) return fail(head.error());
    if (auto ok = check_end(); !ok) return fail(ok.error());
    if (auto ok = put_state(to); !ok) return fail(ok.error());
    return snapshot_summary{head_.id, head_.at,         head_.accounts,
                            0,        last_.state_root, context_.weight};
  }

private:
  snapshot_visitor checking() const {
    snapshot_visitor out;
    out.header = [this](std::uint64_t, byte_view) {
      return options_.cancel && *options_.cancel ? fail(errc::cancelled)
                                                 : status{};
    };
    out.account = [this](std::uint64_t, const state::account_entry&) {
      return options_.cancel && *options_.cancel ? fail(errc::cancelled)
                                                 : status{};
    };
    return out;
  }

  [[nodiscard]] tl::unexpected<error> refused(const error& why,
                                              const char* section) const {
    return fail(why.code,
                file_.string() + ": section " + section + ": "
                    + (why.detail.empty() ? to_string(why) : why.detail));
  }

  status take_header(store& to, std::uint64_t h, byte_view raw) {
    if (auto ok = step(options_, "headers", h, head_.at.value); !ok) return ok;
    auto head = codec::decode_header(raw); // R1
    if (!head)
      return refused({head.error().code, "header at height " + std::to_string(h)
                                             + ": " + to_string(head.error())},
                     "headers");
    last_ = *head;
    if (h == 0) return take_genesis(to, raw);
    headers_.push_back(std::move(*head));
    raws_.push_back(without_body(raw));
    return headers_.size() < batch && h < head_.at.value ? status{}
                                                         : take_batch(to);
  }

  status take_genesis(store& to, byte_view raw) {
    auto premine = state::ledger::genesis(protocol_.spec.genesis.premine);
    if (!premine) return fail(premine.error());
    const auto genesis =
        consensus::genesis_block(protocol_, premine->state_root());
    if (last_ != genesis.head)
      return refused({errc::wrong_network, "header at height 0: not this "
                                           "network's genesis"},
                     "headers");
    context_ = consensus::genesis_context(protocol_, genesis);
    commit first;
    first.blocks.push_back(
        {context_.id, codec::encode(context_), without_body(raw), {}});
    first.connected.push_back({height{0}, context_.id});
    return to.apply(first);
  }

  status take_batch(store& to) {
    auto after =
        check_headers(protocol_, time_, context_, headers_, options_.threads);
    if (!after) return refused(after.error(), "headers");
    commit next;
    for (std::size_t i = 0; i < after->size(); ++i) {
      const auto& c = (*after)[i];
      next.blocks.push_back({c.id, codec::encode(c), std::move(raws_[i]), {}});
      next.connected.push_back({c.facts.height, c.id});
    }
    context_ = std::move(after->back());
    headers_.clear();
    raws_.clear();
    return to.apply(next);
  }

  status check_end() {
    if (context_.id != head_.id)
      return refused({errc::malformed, "the last header is of block "
                                           + to_hex(context_.id.value)
                                           + ", not of the one that the file "
                                             "names"},
                     "headers");
    if (context_.weight < protocol_.spec.minimum_weight)
      return fail(errc::invalid_ancestor,
                  file_.string() + ": its chain weighs " + context_.weight.str()
                      + ", less than the " + protocol_.spec.minimum_weight.str()
                      + " that this network's chain has reached");
    return {};
  }

  status put_state(store& to) {
    auto rewards = state::decode_rewards(rewards_);
    if (!rewards) return refused({errc::malformed, "reward list"}, "rewards");
    auto ledger =
        state::ledger::restore(head_.at, accounts_, std::move(*rewards));
    if (!ledger) return refused(ledger.error(), "accounts");
    if (ledger->state_root() != last_.state_root) // R14
      return refused({errc::bad_state_root,
                      "accounts and rewards are not those of the last header"},
                     "accounts");
    for (std::size_t i = 0; i < accounts_.size();) {
      if (auto ok = step(options_, "writing", i, accounts_.size()); !ok)
        return ok;
      commit next;
      for (; i < accounts_.size() && next.accounts.size() < accounts_a_commit;
           ++i) {
        const auto raw = state::encode(accounts_[i].value);
        next.accounts.push_back(
            {accounts_[i].id, bytes(raw.begin(), raw.end())});
      }
      if (auto ok = to.apply(next); !ok) return ok;
    }
    commit end;
    end.rewards = rewards_;
    end.tip = head_.id;
    end.undo_from = height{head_.at.value + 1};
    return to.apply(end);
  }

  const consensus::protocol& protocol_;
  const path& file_;
  const snapshot_options& options_;
  consensus::time_proofs time_;
  snapshot_head head_;
  header last_;
  consensus::chain_context context_; // behind the last checked header
  std::vector<header> headers_;      // that wait for their batch
  std::vector<bytes> raws_;
  std::vector<state::account_entry> accounts_;
  bytes rewards_;
};

bool is_empty_or_missing(const path& directory) {
  std::error_code no;
  return !std::filesystem::exists(directory, no)
         || std::filesystem::is_empty(directory, no);
}

/// Imports into a directory that nobody else knows.
result<snapshot_summary> import_into(const consensus::protocol& p,
                                     const path& file, const path& directory,
                                     const snapshot_options& options) {
  store_options o;
  o.sync = sync_policy::batch; // `close` makes all of it durable
  auto to = store::open(directory, p.spec.network(), o);
  if (!to) return fail(to.error());
  auto out = importer{p, file, options}.run(*to);
  if (!out) return out;
  if (auto loaded = load_chain(p, *to); !loaded) return fail(loaded.error());
  if (auto ok = to->close(); !ok) return fail(ok.error());
  return out;
}
} // namespace

result<loaded_chain> load_settled(const consensus::protocol& p,
                                  const reader& s) {
  constexpr int tries = 10;
  for (int i = 0;; ++i) {
    const auto before = s.tip();
    auto out = load_chain(p, s);
    if (out || i == tries || s.tip() == before) return out;
  }
}

bool is_header_alone(byte_view raw) {
  spacetime::reader in{raw};
  const std::uint64_t length = in.take<std::uint32_t>();
  return in.ok() && raw.size() == 4 + length;
}

result<snapshot_summary> export_snapshot(const consensus::protocol& p,
                                         const reader& s, const path& file,
                                         std::optional<height> at,
                                         const snapshot_options& options) {
  return exporter{p, s, options}.run(file, at);
}

result<snapshot_summary> import_snapshot(const consensus::protocol& p,
                                         const path& file,
                                         const path& chain_dir,
                                         const snapshot_options& options) {
  if (!is_empty_or_missing(chain_dir))
    return fail(errc::duplicate, chain_dir.string()
                                     + " holds a chain already; import into "
                                       "another home");
  auto part = chain_dir;
  part += ".import";
  std::error_code no;
  std::filesystem::remove_all(part, no); // of an import that was killed
  auto out = import_into(p, file, part, options);
  if (out && ::rename(part.c_str(), chain_dir.c_str()) != 0)
    out = fail(os_error(errno, chain_dir, "rename"));
  std::filesystem::remove_all(part, no);
  if (!out) return out;
  if (auto ok = fsync_directory(chain_dir.parent_path()); !ok)
    return fail(ok.error());
  out->bytes = std::filesystem::file_size(file, no);
  return out;
}
} // namespace spacetime::disk
