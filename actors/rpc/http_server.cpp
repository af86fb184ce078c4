#include "actors/rpc/http_server.hpp"

#include "core/base/check.hpp"

#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

using namespace std::chrono_literals;

namespace spacetime::rpc {
namespace {
using clock = std::chrono::steady_clock;

// Headers may take so much on top of the body.
constexpr std::size_t header_bytes = 64u << 10;
// Bytes that a refused client may still be sending: closing before they are
// read would reset the connection, and the answer could be lost.
constexpr std::size_t drained_bytes = 4u << 20;
constexpr auto drain_limit = 200ms;
constexpr int backlog = 128;

/// One end of a connection, closed when it goes.
class connection {
public:
  /// `stop` becomes readable when all waits shall end.
  connection(socket_t fd, int stop) : fd_(fd), stop_(stop) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;
  ~connection() { ::close(fd_); }

  /// Whether the socket got ready before the deadline.
  [[nodiscard]] bool wait(short events, deadline until) const {
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - clock::now());
      if (left <= 0ms) return false;
      pollfd both[] = {{fd_, events, 0}, {stop_, POLLIN, 0}};
      const int n = ::poll(both, 2, static_cast<int>(left.count()));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0 || both[1].revents != 0) return false;
      return true;
    }
  }

  /// Bytes read, 0 at the end, -1 for an error or the deadline.
  ssize_t read(char* out, std::size_t n, deadline until) const {
    for (;;) {
      const auto got = ::recv(fd_, out, n, MSG_DONTWAIT);
      if (got >= 0) return got;
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) return -1;
      if (!wait(POLLIN, until)) return -1;
    }
  }

  bool write(std::string_view data, deadline until) const {
    while (!data.empty()) {
      const auto n =
          ::send(fd_, data.data(), data.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (n > 0) {
        data.remove_prefix(static_cast<std::size_t>(n));
        continue;
      }
      if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        return false;
      if (!wait(POLLOUT, until)) return false;
    }
    return true;
  }

  /// Says that nothing follows, and reads what the client still sends.
  void finish(bool drains) const {
    ::shutdown(fd_, SHUT_WR);
    if (!drains) return;
    const auto until = clock::now() + drain_limit;
    std::array<char, 16384> waste;
    for (std::size_t all = 0; all < drained_bytes;) {
      const auto n = read(waste.data(), waste.size(), until);
      if (n <= 0) return;
      all += static_cast<std::size_t>(n);
    }
  }

  [[nodiscard]] socket_t fd() const { return fd_; }

private:
  socket_t fd_;
  int stop_;
};

/// What httplib reads from and writes to. Its own stream has a time limit per
/// read, so that one byte every four seconds would hold a worker for ever.
class limited_stream final : public httplib::Stream {
public:
  limited_stream(const connection& c, const http_options& o)
      : connection_(c), limit_(o.transfer_limit),
        read_until_(clock::now() + o.transfer_limit),
        left_(o.max_body + header_bytes) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }

  ssize_t read(char* out, std::size_t n) override {
    if (begin_ == end_) {
      const auto most = std::min(buffer_.size(), left_);
      const auto got =
          most == 0 ? -1 : connection_.read(buffer_.data(), most, read_until_);
      if (got <= 0) return got;
      begin_ = 0;
      end_ = static_cast<std::size_t>(got);
      left_ -= end_;
    }
    n = std::min(n, end_ - begin_);
    std::copy_n(buffer_.data() + begin_, n, out);
    begin_ += n;
    return static_cast<ssize_t>(n);
  }

  ssize_t write(const char* data, std::size_t n) override {
    if (!write_until_) write_until_ = clock::now() + limit_;
    if (!connection_.write({data, n}, *write_until_)) return -1;
    return static_cast<ssize_t>(n);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    ip.clear(); // always this machine
    port = 0;
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    ip.clear();
    port = 0;
  }
  socket_t socket() const override { return connection_.fd(); }

private:
  const connection& connection_;
  std::chrono::milliseconds limit_;
  deadline read_until_;
  std::optional<deadline> write_until_;
  std::size_t left_; // bytes that may still come
  std::array<char, 8192> buffer_;
  std::size_t begin_ = 0, end_ = 0; // of what is unread in the buffer
};

/// The announced length of a body; nothing if there should be one.
std::optional<std::uint64_t> length_of(const httplib::Request& r) {
  if (!r.has_header("Content-Length"))
    return r.method == "GET" ? std::optional<std::uint64_t>{0} : std::nullopt;
  const auto text = r.get_header_value("Content-Length");
  std::uint64_t n = 0;
  const auto* end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, n);
  if (ec != std::errc{} || at != end) return std::nullopt;
  return n;
}

/// What becomes of a connection that a thread of the queue takes.
enum class service { full, refusal, none };
// httplib hands a socket over in a function without arguments.
thread_local service present_service = service::full;
// Set by the gate: the body was not read.
thread_local bool body_unread = false;

/// Workers, and one more thread that tells the rest to come back later.
class worker_queue final : public httplib::TaskQueue {
public:
  worker_queue(unsigned workers, std::size_t queued) : limits_{queued, queued} {
    for (unsigned i = 0; i < workers; ++i)
      threads_.emplace_back([this] { run(0, service::full); });
    threads_.emplace_back([this] { run(1, service::refusal); });
  }

  void enqueue(std::function<void()> job) override {
    {
      const std::lock_guard guard{mutex_};
      for (std::size_t i = 0; i < 2; ++i)
        if (jobs_[i].size() < limits_[i]) {
          jobs_[i].push_back(std::move(job));
          changed_.notify_all();
          return;
        }
    }
    present_service = service::none;
    job();
  }

  void shutdown() override {
    {
      const std::lock_guard guard{mutex_};
      stopping_ = true;
    }
    changed_.notify_all();
    for (auto& t : threads_) t.join();
  }

private:
  void run(std::size_t which, service how) {
    present_service = how;
    for (std::unique_lock lock{mutex_};;) {
      auto& mine = jobs_[which];
      changed_.wait(lock, [&] { return stopping_ || !mine.empty(); });
      if (mine.empty()) return; // waiting ones still run, to close their socket
      const auto job = std::move(mine.front());
      mine.pop_front();
      lock.unlock();
      job();
      lock.lock();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::function<void()>> jobs_[2]; // to serve, to refuse
  const std::size_t limits_[2];
  bool stopping_ = false;
  std::vector<std::thread> threads_; // last: they use the rest
};

http_head head_of(const httplib::Request& r) {
  return {r.method,
          r.path,
          r.get_header_value("Host"),
          r.get_header_value("Origin"),
          r.get_header_value("Authorization"),
          r.get_header_value("Content-Type")};
}

http_answer text_answer(int status, std::string text) {
  return {status, std::move(text) + "\n", "text/plain"};
}

void fill(httplib::Response& out, const http_answer& a) {
  out.status = a.status;
  out.set_content(a.body, a.type);
}

class server final : public httplib::Server {
public:
  server(const http_options& o, http_server::gate g, http_server::handler h)
      : options_(o), gate_(std::move(g)), handler_(std::move(h)),
        stop_(::eventfd(0, EFD_CLOEXEC)) {
    check(stop_ >= 0, "an event descriptor can be made");
    // Without SO_REUSEPORT, httplib's default: a second node must not share
    // the port silently.
    set_socket_options([](socket_t fd) {
      const int yes = 1;
      ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    });
    new_task_queue = [this] {
      return new worker_queue{options_.workers, options_.queued};
    };
    set_payload_max_length(options_.max_body);
    set_default_headers(
        {{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
    set_pre_routing_handler([this](const auto& in, auto& out) {
      const auto no = refuse(in);
      body_unread = no.has_value();
      if (!no) return HandlerResponse::Unhandled;
      fill(out, *no);
      return HandlerResponse::Handled;
    });
    const auto serve = [this](const httplib::Request& in,
                              httplib::Response& out) {
      fill(out,
           handler_(head_of(in), in.body, clock::now() + options_.work_limit));
      ++counters->served;
    };
    Get("/.*", serve);
    Post("/.*", serve);
  }
  ~server() override { ::close(stop_); }

  bool bind() {
    const auto& at = options_.at;
    port = at.port == 0                     ? bind_to_any_port(at.host)
           : bind_to_port(at.host, at.port) ? at.port
                                            : -1;
    // httplib's backlog of 5 makes clients wait a second under load.
    return port > 0 && ::listen(svr_sock_, backlog) == 0;
  }

  void end() {
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto n = ::write(stop_, &one, sizeof one);
    stop();
  }

  int port = -1;
  const std::shared_ptr<http_counters> counters =
      std::make_shared<http_counters>();

private:
  /// What no handler needs to see. Compressed and chunked bodies would get
  /// round the limit on the length.
  std::optional<http_answer> refuse(const httplib::Request& r) const {
    if (r.method != "GET" && r.method != "POST")
      return text_answer(405, "use GET or POST");
    if (auto no = gate_(head_of(r))) return no;
    if (r.has_header("Transfer-Encoding"))
      return text_answer(411, "send a Content-Length");
    if (r.has_header("Content-Encoding"))
      return text_answer(415, "send the body uncompressed");
    const auto length = length_of(r);
    if (!length) return text_answer(411, "send a Content-Length");
    if (*length > options_.max_body)
      return text_answer(413, "the body exceeds "
                                  + std::to_string(options_.max_body)
                                  + " bytes");
    return std::nullopt;
  }

  bool process_and_close_socket(socket_t fd) override {
    const connection c{fd, stop_};
    if (present_service == service::none) return false;
    if (present_service == service::refusal) return turn_away(c);
    limited_stream stream{c, options_};
    bool closed = false;
    body_unread = false;
    try { // regular expressions of httplib may throw
      process_request(stream, true, closed, nullptr);
    } catch (const std::exception&) {
      return false;
    }
    c.finish(body_unread);
    return true;
  }

  bool turn_away(const connection& c) {
    ++counters->busy;
    (void)c.wait(POLLIN, clock::now() + 50ms); // usually there already
    constexpr std::string_view answer =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n"
        "Content-Type: text/plain\r\nContent-Length: 5\r\n"
        "Connection: close\r\n\r\nbusy\n";
    const bool sent = c.write(answer, clock::now() + 50ms);
    c.finish(sent);
    return sent;
  }

  const http_options options_;
  const http_server::gate gate_;
  const http_server::handler handler_;
  const int stop_;
};
} // namespace

struct http_server::running {
  running(const http_options& o, gate g, handler h)
      : server(o, std::move(g), std::move(h)) {}
  rpc::server server;
  listen_address address;
  std::atomic<bool> ended{false};
  std::thread listener;
};

http_server::http_server(std::unique_ptr<running> r) : running_(std::move(r)) {}

result<std::unique_ptr<http_server>>
http_server::start(const http_options& options, gate g, handler h) {
  auto r = std::make_unique<running>(options, std::move(g), std::move(h));
  r->address = options.at;
  if (!r->server.bind())
    return fail(errc::io_error,
                "cannot listen on " + to_string(options.at)
                    + "; another program has that port: set rpc.listen");
  r->address.port = static_cast<std::uint16_t>(r->server.port);
  r->listener = std::thread{[&to = *r] {
    to.server.listen_after_bind();
    to.ended = true;
  }};
  // httplib's stop() is lost on a server that does not run yet.
  while (!r->server.is_running() && !r->ended) std::this_thread::yield();
  return std::unique_ptr<http_server>{new http_server{std::move(r)}};
}

http_server::~http_server() {
  running_->server.end();
  running_->listener.join();
}

const listen_address& http_server::address() const {
  return running_->address;
}

std::shared_ptr<const http_counters> http_server::counters() const {
  return running_->server.counters;
}
} // namespace spacetime::rpc
