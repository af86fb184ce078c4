#include "tests/actors/fakes.hpp"

#include "core/codec/context.hpp"
#include "core/codec/messages.hpp"
#include "core/codec/tx.hpp"

namespace spacetime::test {
namespace {
using self_ptr = caf::event_based_actor*;

/// Plays a script; `answer` makes the good answer.
template <class Message, class F>
caf::result<caf::message> play(self_ptr self, script<Message>& s,
                               const Message& m, F&& answer) {
  s.seen.push_back(m);
  if (s.refuse) return *s.refuse;
  if (s.hold) {
    s.held.push_back(self->make_response_promise());
    return s.held.back();
  }
  return answer();
}

const auto done = [] { return caf::message{}; };

verdict_msg verdict() {
  return verdict_msg::build(
      [](schema::Verdict::Builder out) { out.setTip(true); });
}

template <class Message>
bool deliver(script<Message>& s, const std::optional<caf::error>& with,
             const caf::message& good) {
  if (s.held.empty()) return false;
  auto p = s.held.front();
  s.held.erase(s.held.begin());
  if (with)
    p.deliver(*with);
  else if (good.empty())
    p.deliver(caf::unit);
  else
    p.deliver(good);
  return true;
}

template <class Handle, class F>
Handle spawn(deterministic& t, F&& f) {
  return caf::actor_cast<Handle>(t.keep(t.sys.spawn(std::forward<F>(f))));
}

/// A behavior that also lets held requests go.
template <class Release, class... Fs>
caf::behavior with_release(Release release, Fs... handlers) {
  return {[release](atom::respawn) { release({}); },
          [release](atom::respawn, const caf::error& e) { release(e); },
          [](atom::renew) {},
          [](const tip_change_msg&) {},
          [](atom::status) {
            return make_status(schema::Status::Health::OK, "", {});
          },
          std::move(handlers)...};
}

using with_error = const std::optional<caf::error>&;
} // namespace

storage_actor fake_storage(deterministic& t, storage_script& s) {
  return spawn<storage_actor>(t, [&s](self_ptr self) {
    return with_release(
        [&s](with_error e) {
          if (!deliver(s.commits, e, {})) deliver(s.ticks, e, {});
        },
        [self, &s](const commit_msg& m) {
          return play(self, s.commits, m, done);
        },
        [self, &s](const tick_msg& m) { return play(self, s.ticks, m, done); },
        [&s](atom::ticks, std::uint64_t) {
          return tick_list_msg::build([&](schema::TickList::Builder out) {
            auto all = out.initTicks(static_cast<unsigned>(s.stored.size()));
            for (unsigned i = 0; i < all.size(); ++i)
              codec::write(all[i], s.stored[i]);
          });
        },
        [](atom::context, const id_msg&) -> caf::result<context_msg> {
          return caf::make_error(errc::not_found);
        });
  });
}

state_actor fake_state(deterministic& t, state_script& s) {
  const auto draft = [&s] {
    return caf::make_message(
        draft_answer_msg::build([&](schema::DraftAnswer::Builder out) {
          out.setStateRoot(blob(s.state_root));
          auto list = out.initAccepted(s.accepted);
          for (unsigned i = 0; i < list.size(); ++i) list.set(i, i);
        }));
  };
  const auto account = [&s] {
    return caf::make_message(
        account_msg::build([&](schema::Account::Builder out) {
          out.setBalance(s.balance);
          out.setNonce(s.nonce);
        }));
  };
  const auto list = [&s](const id_list_msg& m) {
    std::size_t n = 0;
    (void)m.try_read([&](schema::IdList::Reader in) {
      if (auto ids = codec::read(in)) n = ids->size();
    });
    return caf::make_message(
        account_list_msg::build([&](schema::AccountList::Builder out) {
          for (auto a : out.initAccounts(static_cast<unsigned>(n))) {
            a.setBalance(s.balance);
            a.setNonce(s.nonce);
          }
        }));
  };
  return spawn<state_actor>(t, [&s, draft, account, list](self_ptr self) {
    return with_release(
        [&s, account](with_error e) {
          if (!deliver(s.blocks, e, caf::make_message(verdict())))
            deliver(s.accounts, e, account());
        },
        [self, &s](const checked_block_msg& m) {
          return play(self, s.blocks, m,
                      [] { return caf::make_message(verdict()); });
        },
        [self, &s, draft](const draft_msg& m) {
          return play(self, s.drafts, m, draft);
        },
        [self, &s, account](atom::account, const id_msg& m) {
          return play(self, s.accounts, m, account);
        },
        [self, &s, list](atom::account, const id_list_msg& m) {
          return play(self, s.lists, m, [&] { return list(m); });
        },
        [&s](atom::follow, const tip_listener&) { return s.tip; });
  });
}

mempool_actor fake_mempool(deterministic& t, mempool_script& s) {
  const auto best = [&s] {
    return caf::make_message(
        tx_list_msg::build([&](schema::TxList::Builder out) {
          auto raws = out.initRaws(static_cast<unsigned>(s.best.size()));
          for (unsigned i = 0; i < raws.size(); ++i)
            raws.set(i, blob(codec::encode(s.best[i])));
        }));
  };
  return spawn<mempool_actor>(t, [&s, best](self_ptr self) {
    return with_release(
        [&s, best](with_error e) { deliver(s.asked, e, best()); },
        [self, &s, best](atom::best, std::uint32_t max_bytes, std::uint32_t) {
          return play(self, s.asked, max_bytes, best);
        });
  });
}

validator_actor fake_validator(deterministic& t, validator_script& s) {
  return spawn<validator_actor>(t, [&s](self_ptr self) {
    return with_release(
        [&s](with_error e) {
          if (!deliver(s.blocks, e, caf::make_message(verdict())))
            deliver(s.ticks, e, {});
        },
        [self, &s](const block_msg& m) {
          return play(self, s.blocks, m,
                      [] { return caf::make_message(verdict()); });
        },
        [self, &s](const tick_msg& m) { return play(self, s.ticks, m, done); });
  });
}

farmer_actor fake_farmer(deterministic& t, farmer_script& s) {
  return spawn<farmer_actor>(t, [&s](self_ptr self) {
    return with_release(
        [&s](with_error e) { deliver(s.tickets, e, {}); },
        [self, &s](const ticket_msg& m) {
          return play(self, s.tickets, m, done);
        },
        [&s](const scan_report_msg& m) { s.reports.push_back(m); },
        [&s](atom::follow, const scan_listener&, const std::string&) {
          return s.open;
        });
  });
}

caf::actor listener(deterministic& t, heard& h) {
  return t.keep(t.sys.spawn([&h]() -> caf::behavior {
    return {[&h](const tip_change_msg& m) { h.tips.push_back(m); },
            [&h](const tick_msg& m) { h.ticks.push_back(m); },
            [&h](const tick_list_msg& m) { h.tick_lists.push_back(m); },
            [&h](const scan_msg& m) { h.scans.push_back(m); }};
  }));
}

tick_msg message_of(const consensus::tick& t) {
  return tick_msg::build(
      [&](schema::Tick::Builder out) { codec::write(out, t); });
}

std::vector<consensus::tick> ticks_of(const std::vector<tick_msg>& all) {
  std::vector<consensus::tick> out;
  for (const auto& m : all)
    (void)m.try_read([&](schema::Tick::Reader in) {
      if (auto t = codec::read(in)) out.push_back(*t);
    });
  return out;
}

tip_change_msg tip_event(const consensus::chain_context& tip,
                         const std::vector<bytes>& connected,
                         const std::vector<bytes>& disconnected) {
  return tip_change_msg::build([&](schema::TipChange::Builder out) {
    auto here = out.initConnected(static_cast<unsigned>(connected.size()));
    for (unsigned i = 0; i < here.size(); ++i) here.set(i, blob(connected[i]));
    auto gone =
        out.initDisconnected(static_cast<unsigned>(disconnected.size()));
    for (unsigned i = 0; i < gone.size(); ++i)
      gone.set(i, blob(disconnected[i]));
    out.setTip(blob(codec::encode(tip)));
  });
}

consensus::chain_context tip_of(const tip_change_msg& m) {
  consensus::chain_context out;
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto c = codec::decode_context(view(in.getTip()))) out = *c;
  });
  return out;
}

block_msg message_of(byte_view raw_block, std::uint64_t source) {
  return block_msg::build([&](schema::Block::Builder out) {
    out.setRaw(blob(raw_block));
    out.setSource(source);
  });
}

id_msg id_message(const bytes32& id) {
  return id_msg::build(
      [&](schema::Id::Builder out) { out.setValue(blob(id)); });
}

id_list_msg id_list_message(const std::vector<bytes32>& ids) {
  return id_list_msg::build([&](schema::IdList::Builder out) {
    auto to = out.initValues(static_cast<unsigned>(32 * ids.size())).begin();
    for (const auto& id : ids) to = std::copy(id.begin(), id.end(), to);
  });
}

tx_msg message_of(const tx& t) {
  return tx_msg::build(
      [&](schema::Tx::Builder out) { out.setRaw(blob(codec::encode(t))); });
}
} // namespace spacetime::test
