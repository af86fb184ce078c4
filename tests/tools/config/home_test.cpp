#include "tests/tools/config/config_fixture.hpp"

#include <sys/stat.h>

using namespace spacetime;
using namespace spacetime::config;
namespace fs = std::filesystem;

namespace {
mode_t mode_of(const fs::path& p) {
  struct stat info {};
  REQUIRE(::stat(p.c_str(), &info) == 0);
  return info.st_mode & 07777;
}
} // namespace

TEST_CASE("--home comes before SPACETIME_HOME before HOME") {
  environment e{{"HOME", "/home/u"}, {"SPACETIME_HOME", "/srv/st"}};
  CHECK(resolve("/opt/st", e, "devnet")->network_dir == "/opt/st/devnet");
  CHECK(resolve({}, e, "devnet")->network_dir == "/srv/st/devnet");
  e["SPACETIME_HOME"] = "";
  CHECK(resolve({}, e, "testnet")->network_dir == "/home/u/.spacetime/testnet");
  e.clear();
  CHECK(resolve({}, e, "devnet").error() == errc::bad_config);
}

TEST_CASE("a relative home becomes absolute, and a last slash means nothing") {
  CHECK(resolve("a/../b/", {}, "devnet")->root == fs::current_path() / "b");
  CHECK(resolve("/", {}, "devnet")->network_dir == "/devnet");
}

TEST_CASE("a name that would leave the home is no network") {
  for (const auto* bad : {"", "..", ".", "a/b", "/a", "Devnet", "-a", "a b"}) {
    const auto h = resolve("/x", {}, bad);
    REQUIRE_FALSE(h);
    CHECK(h.error() == errc::bad_config);
  }
}

TEST_CASE("all names lie inside the directory of the network") {
  const auto h = home_at("/r", "devnet");
  CHECK(h.node_toml == "/r/devnet/node.toml");
  CHECK(h.blocks_dir == "/r/devnet/chain/blocks");
  CHECK(h.lock_file == "/r/devnet/run/lock");
  CHECK(h.inside("plots") == "/r/devnet/plots");
  CHECK(h.inside("/mnt/b1") == "/mnt/b1");
  CHECK(home_at("/r", "devnet", 2).keys_dir == "/r/devnet/node-2/keys");
}

TEST_CASE_FIXTURE(scratch_directory, "a home is made once and kept") {
  const auto h = home_at(path() / "new" / "root", "devnet");
  REQUIRE(create(h));
  for (const auto& dir : {h.chain_dir, h.blocks_dir, h.cluster_dir, h.log_dir,
                          h.run_dir, h.plots_dir})
    CHECK((mode_of(dir) & ~mode_t{0755}) == 0);
  CHECK(mode_of(h.keys_dir) == 0700);
  CHECK(read_file(h.network_file) == "devnet\n");
  write_file(h.node_toml, "mine");
  REQUIRE(create(h));
  CHECK(read_file(h.node_toml) == "mine");
  REQUIRE(create(home_at(h.root, "testnet")));
  REQUIRE(create(home_at(h.root, "devnet", 1)));
}

TEST_CASE_FIXTURE(scratch_directory, "a scanner's home has no keys, no chain") {
  const auto h = home_at(path(), "devnet");
  REQUIRE(create(h, home_role::scanner));
  CHECK(fs::is_directory(h.cluster_dir));
  CHECK_FALSE(fs::exists(h.keys_dir));
  CHECK_FALSE(fs::exists(h.chain_dir));
}

TEST_CASE_FIXTURE(scratch_directory, "data of another network are refused") {
  const auto devnet = home_at(path(), "devnet");
  const auto testnet = home_at(path(), "testnet");
  CHECK(check_network(devnet));
  REQUIRE(create(devnet));
  CHECK(check_network(devnet));
  fs::rename(devnet.network_dir, testnet.network_dir);
  const auto moved = create(testnet);
  REQUIRE_FALSE(moved);
  CHECK(moved.error()
        == error{errc::wrong_network,
                 testnet.network_dir.string()
                     + " holds data of devnet, not of testnet"});
}

TEST_CASE_FIXTURE(scratch_directory,
                  "a network's own directory is no home, its parent is") {
  const auto h = home_at(path(), "devnet");
  REQUIRE(create(h));
  const auto inner = create(home_at(h.network_dir, "devnet"));
  REQUIRE_FALSE(inner);
  CHECK(inner.error() == errc::wrong_network);
  CHECK_FALSE(fs::exists(h.network_dir / "devnet"));
  // A network may bear the name of the mark.
  CHECK(create(home_at(path(), "network")));
  CHECK(create(h));
}

TEST_CASE_FIXTURE(scratch_directory, "keys that others may read are refused") {
  const auto h = home_at(path(), "devnet");
  CHECK(check_keys(h));
  REQUIRE(create(h));
  const auto key = h.keys_dir / "farmer.key";
  write_file(key, "secret");
  ::chmod(key.c_str(), 0600);
  CHECK(check_keys(h));
  ::chmod(key.c_str(), 0640);
  const auto open = check_keys(h);
  REQUIRE_FALSE(open);
  CHECK(
      open.error()
      == error{errc::bad_key_file,
               key.string() + " may be used by others; run chmod 0600 on it"});
  ::chmod(key.c_str(), 0600);
  ::chmod(h.keys_dir.c_str(), 0755);
  CHECK(create(h).error() == errc::bad_key_file);
}

TEST_CASE_FIXTURE(scratch_directory, "a file in the place of a directory") {
  const auto h = home_at(path(), "devnet");
  fs::create_directories(h.network_dir);
  write_file(h.log_dir, "");
  const auto s = create(h);
  REQUIRE_FALSE(s);
  CHECK(s.error()
        == error{errc::io_error, h.log_dir.string() + " is not a directory"});
}

TEST_CASE("the environment of this process is read whole") {
  const auto all = process_environment();
  CHECK(all.contains("SPACETIME_SOURCE_ROOT"));
  CHECK(all.at("SPACETIME_SOURCE_ROOT")
        == std::getenv("SPACETIME_SOURCE_ROOT"));
}
