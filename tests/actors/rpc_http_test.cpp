// The HTTP server by itself: who gets in, and what nobody can do to it.

#include "actors/rpc/http_server.hpp"
#include "tests/actors/raw_http.hpp"
#include "tests/core/disk/disk_fixture.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <condition_variable>
#include <mutex>
#include <random>
#include <thread>

using namespace spacetime;
using namespace spacetime::test;
using namespace std::chrono_literals;
using rpc::http_answer;
using rpc::http_head;
using rpc::http_server;

namespace {
using steady = std::chrono::steady_clock;

const auto open_gate = [](const http_head&) {
  return std::optional<http_answer>{};
};

http_answer echo(const http_head&, const std::string& body, rpc::deadline) {
  return {200, body};
}

rpc::http_options small() {
  rpc::http_options o;
  o.at = {"127.0.0.1", 0};
  o.workers = 2;
  o.queued = 4;
  o.max_body = 1000;
  o.transfer_limit = 300ms;
  return o;
}

std::unique_ptr<http_server> serving(http_server::handler h = echo,
                                     rpc::http_options o = small()) {
  auto out = http_server::start(o, open_gate, std::move(h));
  REQUIRE(out.has_value());
  return std::move(*out);
}

std::size_t open_files() {
  std::size_t n = 0;
  for ([[maybe_unused]] const auto& x :
       std::filesystem::directory_iterator{"/proc/self/fd"})
    ++n;
  return n;
}

/// Holds handlers until it is opened.
class barrier {
public:
  void pass() {
    std::unique_lock lock{mutex_};
    ++inside_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void wait_for(unsigned n) {
    std::unique_lock lock{mutex_};
    CHECK(changed_.wait_for(lock, 20s, [&] { return inside_ >= n; }));
  }
  void open() {
    const std::lock_guard guard{mutex_};
    open_ = true;
    changed_.notify_all();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned inside_ = 0;
  bool open_ = false;
};
} // namespace

TEST_CASE("only loopback addresses can be listened on") {
  for (const char* good : {"127.0.0.1:9791", "127.3.2.1:0", "localhost:80",
                           "LocalHost:80", "[::1]:9791"})
    CHECK_MESSAGE(rpc::parse_listen(good).has_value(), good);
  for (const char* bad :
       {"0.0.0.0:9791", "[::]:9791", "192.0.2.1:9791", "example.org:1",
        "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:1x",
        "127.0.0.1:-1", "::1:9791", "", ":9791", "[::1:9791", "[127.0.0.1]:1",
        "localhost.example.org:1", "128.0.0.1:1", "127.1:9791x"}) {
    const auto at = rpc::parse_listen(bad);
    REQUIRE_MESSAGE(!at.has_value(), bad);
    CHECK(at.error() == errc::bad_config);
    CHECK(at.error().detail.find("rpc.listen") != std::string::npos);
  }
  CHECK(to_string(*rpc::parse_listen("[::1]:7")) == "[::1]:7");
}

TEST_CASE("names of other machines are refused as Host and Origin") {
  for (const char* ours : {"localhost", "localhost:9791", "127.0.0.1:9791",
                           "[::1]:9791", "[::1]", "127.9.9.9"})
    CHECK_MESSAGE(rpc::is_our_host(ours), ours);
  for (const char* other :
       {"", "example.org", "example.org:9791", "localhost.example.org",
        "127.0.0.1.example.org", "10.0.0.1:9791", "[::2]:9791", "localhost:x",
        "user@localhost", "0.0.0.0:9791", " localhost"})
    CHECK_MESSAGE(!rpc::is_our_host(other), other);
  CHECK(rpc::is_our_origin(""));
  CHECK(rpc::is_our_origin("http://localhost:9791"));
  CHECK(rpc::is_our_origin("https://127.0.0.1"));
  for (const char* other :
       {"null", "http://example.org", "file://", "http://localhost.example.org",
        "localhost", "http://localhost:9791/"})
    CHECK_MESSAGE(!rpc::is_our_origin(other), other);
}

TEST_CASE("only the exact secret is the bearer's") {
  CHECK(rpc::is_bearer("Bearer abc", "abc"));
  for (const char* no :
       {"", "abc", "Bearer", "Bearer ", "Bearer ab", "Bearer abd",
        "Bearer abcd", "bearer abc", "Basic abc"})
    CHECK_MESSAGE(!rpc::is_bearer(no, "abc"), no);
  CHECK_FALSE(rpc::is_bearer("Bearer ", ""));
}

TEST_CASE("a cookie is private, new each time, and gone with its owner") {
  const temporary_directory home;
  const auto file = home / "run" / "cookie";
  std::string first;
  {
    auto c = rpc::cookie::make();
    REQUIRE(c.publish(home / "run", {"127.0.0.1", 4711}));
    first = c.secret();
    CHECK(first.size() == 64);
    const auto raw = read_whole(file);
    CHECK(std::string(raw.begin(), raw.end()) == first);
    struct stat s {};
    REQUIRE(::stat(file.c_str(), &s) == 0);
    CHECK((s.st_mode & 0777) == 0600);
    const auto at = read_whole(home / "run" / "rpc");
    CHECK(std::string(at.begin(), at.end()) == "127.0.0.1:4711\n");
    auto moved = std::move(c);
    CHECK(std::filesystem::exists(file));
  }
  CHECK_FALSE(std::filesystem::exists(file));
  CHECK_FALSE(std::filesystem::exists(home / "run" / "rpc"));
  CHECK(rpc::cookie::make().secret() != first);
}

TEST_CASE("a request is answered and the connection closed") {
  const auto s = serving();
  const auto a = fetch(s->address().port, post("Host: x\r\n", "hello"));
  CHECK(status_of(a) == 200);
  CHECK(body_of(a) == "hello");
  CHECK(s->counters()->served == 1);
}

TEST_CASE("a port in use is refused by name, and not shared") {
  const auto first = serving();
  auto o = small();
  o.at = first->address();
  const auto second = http_server::start(o, open_gate, echo);
  REQUIRE_FALSE(second.has_value());
  CHECK(second.error() == errc::io_error);
  CHECK(second.error().detail.find(to_string(first->address()))
        != std::string::npos);
}

TEST_CASE("the gate decides before the body is read") {
  const auto s = http_server::start(
      small(),
      [](const http_head& h) -> std::optional<http_answer> {
        if (h.authorization == "yes") return std::nullopt;
        return http_answer{401, "no"};
      },
      [](const http_head&, const std::string&, rpc::deadline) -> http_answer {
        return {200, "in"};
      });
  REQUIRE(s.has_value());
  const auto port = (*s)->address().port;
  const raw_connection c{port};
  // Announces 900 bytes and sends none of them.
  REQUIRE(c.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n"));
  CHECK(status_of(c.read_all()) == 401);
  CHECK(status_of(fetch(port, post("Authorization: yes\r\n", "x"))) == 200);
}

TEST_CASE("bodies too large, chunked or compressed are refused unread") {
  const auto s = serving();
  const auto port = s->address().port;
  CHECK(status_of(fetch(port, post("", std::string(1000, 'x')))) == 200);
  CHECK(status_of(fetch(port, post("", std::string(1001, 'x')))) == 413);
  CHECK(status_of(fetch(port, post("", std::string(2'000'000, 'x')))) == 413);
  const auto start = [](const char* headers) {
    return "POST / HTTP/1.1\r\n" + std::string{headers} + "\r\n";
  };
  CHECK(status_of(fetch(port, start("Transfer-Encoding: chunked\r\n")
                                  + "5\r\nhello\r\n0\r\n\r\n"))
        == 411);
  CHECK(status_of(fetch(port, start("Content-Length: 5\r\n"
                                    "Content-Encoding: gzip\r\n")
                                  + "hello"))
        == 415);
  CHECK(status_of(fetch(port, start(""))) == 411);
  for (const char* length : {"-1", "5x", "99999999999999999999", "0x5"})
    CHECK(status_of(fetch(
              port,
              start(("Content-Length: " + std::string{length} + "\r\n").c_str())
                  + "hello"))
          >= 400);
  CHECK(status_of(fetch(port, "PUT / HTTP/1.1\r\n\r\n")) == 405);
}

TEST_CASE("headers without an end do not grow for ever") {
  const auto s = serving();
  const raw_connection c{s->address().port};
  (void)c.send("POST / HTTP/1.1\r\n");
  const std::string line = "X-" + std::string(1000, 'a') + ": 1\r\n";
  int sent = 0;
  while (sent < 10'000 && c.send(line)) ++sent;
  CHECK(sent < 10'000); // 10 MB were not taken
}

TEST_CASE("a sender who trickles is cut at the limit") {
  const auto s = serving();
  const raw_connection c{s->address().port};
  const auto start = steady::now();
  (void)c.send("POST / HTTP/1.1\r\nContent-Length: 900\r\n\r\n");
  // Every byte comes well within any limit on a single read.
  while (!c.ready(20ms) && steady::now() < start + 10s) (void)c.send("x");
  CHECK(steady::now() - start < 5s);
}

TEST_CASE("connections above the queue get 503, and none is left open") {
  const auto before = open_files();
  barrier b;
  auto s = serving(
      [&](const http_head&, const std::string&, rpc::deadline) -> http_answer {
        return b.pass(), http_answer{200, ""};
      });
  const auto port = s->address().port;
  std::vector<raw_connection> clients;
  const auto add = [&] {
    clients.emplace_back(port);
    REQUIRE(clients.back().send(post("", "x")));
  };
  add();
  add();
  b.wait_for(2);                     // both workers are busy
  for (int i = 0; i < 7; ++i) add(); // four of them wait
  std::vector<std::string> answers(clients.size());
  int refused = 0;
  for (auto until = steady::now() + 20s; refused < 3 && steady::now() < until;)
    for (std::size_t i = 0; i < clients.size(); ++i)
      if (answers[i].empty() && clients[i].ready(1ms)) {
        answers[i] = clients[i].read_all();
        CHECK(status_of(answers[i]) == 503);
        CHECK(answers[i].find("Retry-After: 1") != std::string::npos);
        ++refused;
      }
  CHECK(refused == 3);
  CHECK(s->counters()->busy == 3);
  b.open();
  for (std::size_t i = 0; i < clients.size(); ++i)
    if (answers[i].empty()) CHECK(status_of(clients[i].read_all()) == 200);
  clients.clear();
  s.reset();
  CHECK(open_files() == before);
}

TEST_CASE("a crowd of parallel clients is served or refused, and none waits") {
  const auto before = open_files();
  {
    const auto s = serving();
    std::atomic<int> served{0}, others{0};
    std::vector<std::thread> threads;
    for (int t = 0; t < 16; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 20; ++i)
          ++(status_of(fetch(s->address().port, post("", "x"))) == 200
                 ? served
                 : others);
      });
    for (auto& t : threads) t.join();
    CHECK(served + others == 320);
    CHECK(served > 0);
    CHECK(static_cast<std::uint64_t>(served) == s->counters()->served);
  }
  CHECK(open_files() == before);
}

TEST_CASE("a stop cuts open connections at once") {
  auto o = small();
  o.transfer_limit = 60s;
  auto s = serving(echo, o);
  std::vector<raw_connection> idle;
  for (int i = 0; i < 12; ++i) idle.emplace_back(s->address().port);
  (void)idle[0].send("POST / HTTP/1.1\r\n");
  const auto start = steady::now();
  s.reset();
  CHECK(steady::now() - start < 1s);
}

TEST_CASE("no bytes harm the server") {
  auto o = small();
  o.transfer_limit = 10ms;
  const auto s = serving(echo, o);
  const auto port = s->address().port;
  const std::string good =
      "POST /a?b=c%20d HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-5\r\n"
      "Expect: 100-continue\r\nAuthorization: Bearer 0\r\nAccept: */*\r\n"
      "Content-Type: application/json\r\nContent-Length: 5\r\n\r\nhello";
  std::mt19937_64 random{1};
  for (int i = 0; i < 1000; ++i) {
    auto bad = good;
    for (auto n = 1 + random() % 4; n > 0; --n)
      bad[random() % bad.size()] = static_cast<char>(random());
    if (i % 3 == 0) bad.resize(random() % bad.size());
    const raw_connection c{port};
    (void)c.send(bad);
    if (i % 2 == 0) (void)c.read_all();
  }
  const std::string many(8000, '1');
  CHECK(status_of(fetch(port, post("Range: bytes=" + many + "-\r\n", "x")))
        != 500);
  CHECK(status_of(fetch(port, post("", "x"))) == 200);
}
