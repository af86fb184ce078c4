#include "actors/state/fork_messages.hpp"

#include "core/codec/messages.hpp"

namespace spacetime {
namespace {
void write(schema::ForkList::Fork::Builder out, const consensus::fork& f) {
  out.setId(blob(f.tip.id.value));
  out.setHeight(f.tip.height.value);
  out.setEpoch(f.tip.epoch.value);
  out.setWeight(blob(to_bytes(f.tip.weight)));
  out.setPointId(blob(f.point.value));
  out.setPointHeight(f.point_height.value);
  out.setStanding(static_cast<std::uint8_t>(f.state));
  if (f.cause) out.setCause(blob(f.cause->value));
  if (f.code) out.setCode(static_cast<std::uint8_t>(*f.code));
}

consensus::fork read(schema::ForkList::Fork::Reader in, bool& ok) {
  consensus::fork out;
  out.tip.id.value = fixed<32>(in.getId(), ok);
  out.tip.height.value = in.getHeight();
  out.tip.epoch.value = in.getEpoch();
  out.tip.weight = to_u256(fixed<32>(in.getWeight(), ok));
  out.point.value = fixed<32>(in.getPointId(), ok);
  out.point_height.value = in.getPointHeight();
  out.state = static_cast<consensus::standing>(in.getStanding());
  ok = ok && in.getStanding() <= 4 && out.point_height <= out.tip.height;
  if (in.getCause().size() != 0)
    out.cause = block_id{fixed<32>(in.getCause(), ok)};
  if (in.getCode() != 0) out.code = static_cast<errc>(in.getCode());
  return out;
}

reorg read(schema::ReorgList::Reorg::Reader in, bool& ok) {
  reorg out{{in.getTime()},
            {in.getForkHeight()},
            in.getDisconnected(),
            in.getConnected(),
            {},
            {},
            in.getReason().cStr()};
  out.old_tip.value = fixed<32>(in.getOldTip(), ok);
  out.new_tip.value = fixed<32>(in.getNewTip(), ok);
  return out;
}
} // namespace

fork_list_msg message_of(const std::vector<consensus::fork>& forks) {
  return fork_list_msg::build([&](schema::ForkList::Builder out) {
    auto list = out.initForks(static_cast<unsigned>(forks.size()));
    for (unsigned i = 0; i < list.size(); ++i) write(list[i], forks[i]);
  });
}

result<std::vector<consensus::fork>> open(const fork_list_msg& m) {
  std::vector<consensus::fork> out;
  bool ok = true;
  if (m.try_read([&](schema::ForkList::Reader in) {
        for (auto f : in.getForks()) out.push_back(read(f, ok));
      })
      || !ok)
    return fail(errc::malformed, "fork list message");
  return out;
}

reorg_list_msg message_of(const std::deque<reorg>& oldest_first) {
  return reorg_list_msg::build([&](schema::ReorgList::Builder out) {
    auto list = out.initReorgs(static_cast<unsigned>(oldest_first.size()));
    for (unsigned i = 0; i < list.size(); ++i) {
      const auto& r = oldest_first[oldest_first.size() - 1 - i];
      list[i].setTime(r.time.value);
      list[i].setForkHeight(r.fork.value);
      list[i].setDisconnected(r.disconnected);
      list[i].setConnected(r.connected);
      list[i].setOldTip(blob(r.old_tip.value));
      list[i].setNewTip(blob(r.new_tip.value));
      list[i].setReason(r.reason);
    }
  });
}

result<std::vector<reorg>> open(const reorg_list_msg& m) {
  std::vector<reorg> out;
  bool ok = true;
  if (m.try_read([&](schema::ReorgList::Reader in) {
        for (auto r : in.getReorgs()) out.push_back(read(r, ok));
      })
      || !ok)
    return fail(errc::malformed, "reorganisation list message");
  return out;
}
} // namespace spacetime
