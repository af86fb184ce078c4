#include "actors/answer.hpp"
#include "actors/followers.hpp"
#include "actors/log.hpp"
#include "actors/observed.hpp"
#include "actors/rpc/dispatch.hpp"
#include "core/codec/context.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

namespace spacetime {
namespace {
struct rpc_state {
  rpc_state() = default;
  ~rpc_state() {
    if (view) view->questions().stop(); // no thread waits for an actor now
    server.reset();
  }
  boot from;
  std::shared_ptr<rpc::node_view> view; // the server's threads use it
  std::unique_ptr<rpc::http_server> server;
  rpc::cookie cookie;
  static inline const char* name = "rpc";
};

using rpc_self = caf::stateful_actor<rpc_state, observed<rpc_actor::base>>;

rpc::http_answer text_answer(int status, std::string text) {
  return {status, std::move(text) + "\n", "text/plain"};
}

/// Checks who asks; /healthz alone is open.
std::optional<rpc::http_answer> refuse(const rpc::http_head& head,
                                       const std::string& secret) {
  if (!rpc::is_our_host(head.host) || !rpc::is_our_origin(head.origin))
    return text_answer(403, "Host and Origin must name this machine");
  if (head.path == "/healthz" || head.path.starts_with("/healthz/"))
    return std::nullopt;
  if (!rpc::is_bearer(head.authorization, secret))
    return text_answer(401, "Authorization: Bearer <text of run/cookie>");
  if (head.method == "POST"
      && !head.content_type.starts_with("application/json"))
    return text_answer(415, "Content-Type: application/json");
  return std::nullopt;
}

rpc::http_answer health_answer(const rpc::node_view& view,
                               std::string_view role) {
  if (role == "/live") return {200, R"({"state":"ok","role":"live"})"};
  if (!role.empty() && role != "/node")
    return text_answer(404, "that role does not run here");
  const auto health = view.health();
  const auto& state = health.at("state");
  return {state == "ok" || state == "degraded" ? 200 : 503, health.dump()};
}

rpc::http_answer serve(rpc::node_view& view, const rpc::http_head& head,
                       const std::string& body, rpc::deadline until) {
  constexpr std::string_view health = "/healthz";
  if (head.method == "GET" && head.path.starts_with(health))
    return health_answer(view, head.path.substr(health.size()));
  if (head.method != "POST" || head.path != "/")
    return text_answer(404, "POST / or GET /healthz");
  auto text = rpc::answer(view, body, until);
  if (!text) return {204, ""};
  return {200, std::move(*text)};
}

status listen(rpc_self* self) {
  auto& st = self->state;
  auto at = rpc::parse_listen(st.from.options->rpc_listen);
  if (!at) return fail(at.error());
  st.cookie = rpc::cookie::make();
  auto server = rpc::http_server::start(
      {*at},
      [secret = st.cookie.secret()](const rpc::http_head& head) {
        return refuse(head, secret);
      },
      [view = st.view](const rpc::http_head& head, const std::string& body,
                       rpc::deadline until) {
        return serve(*view, head, body, until);
      });
  if (!server) return fail(server.error());
  if (auto ok =
          st.cookie.publish(st.from.options->run_dir, (*server)->address());
      !ok)
    return ok;
  st.server = std::move(*server);
  st.view->watch(st.server->counters(), st.server->address());
  return {};
}

void poll_statuses(rpc_self* self) {
  const auto& view = self->state.view;
  for (const auto& [name, actor] : view->list())
    self->request(actor, request_timeout, atom::status_v)
        .then(
            [view, actor_name = name](const status_msg& m) {
              if (auto told = rpc::open(m, view->now()))
                view->take(actor_name, std::move(*told));
            },
            [](caf::error&) {}); // its last status grows old
}

void renew(rpc_self* self) {
  follow<tip_change_msg>(self, self->state.from.actors.state,
                         tip_listener{self});
  poll_statuses(self);
  renew_later(self);
}

void take_tip(rpc_self* self, const tip_change_msg& m) {
  (void)m.try_read([&](schema::TipChange::Reader in) {
    if (auto tip = codec::decode_context(view(in.getTip())))
      self->state.view->take(*tip);
  });
}

rpc_actor::behavior_type behavior(rpc_self* self, const boot& from) {
  auto& st = self->state;
  st.from = from;
  st.view = std::make_shared<rpc::node_view>(self->system(), from);
  if (auto ok = listen(self); !ok) {
    log_event(log_level::error, "rpc", "listen_failed",
              {{"why", to_string(ok.error())}});
    self->quit(to_caf(ok.error()));
    return rpc_actor::behavior_type::make_empty_behavior();
  }
  log_event(log_level::info, "rpc", "listening",
            {{"at", to_string(st.server->address())}});
  renew(self);
  return {
      [self](const tip_change_msg& m) { take_tip(self, m); },
      [self](atom::renew) { renew(self); },
      [self](atom::status) {
        const auto own = self->state.view->own_status();
        return status_msg::build([&](schema::Status::Builder out) {
          out.setHealth(own.health);
          out.setWhy(own.why);
          auto all = out.initEntries(static_cast<unsigned>(own.entries.size()));
          for (unsigned i = 0; i < own.entries.size(); ++i) {
            all[i].setKey(own.entries[i].first);
            all[i].setValue(own.entries[i].second);
          }
        });
      },
  };
}
} // namespace

rpc_actor spawn_rpc(caf::actor_system& sys, const boot& from) {
  // Its end waits for the server's threads, so it has a thread of its own.
  return from.detached ? sys.spawn<caf::detached>(behavior, from)
                       : sys.spawn(behavior, from);
}
} // namespace spacetime
