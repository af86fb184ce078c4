#pragma once
// A real plot of regtest: k = 18, under a second to make.

#include "core/base/check.hpp"
#include "core/chain/spec.hpp"
#include "core/disk/plot_file.hpp"
#include "core/space/plotter.hpp"
#include "core/space/quality.hpp"

#include <filesystem>

namespace spacetime::test {
inline disk::plot_info regtest_plot(const public_key& farmer,
                                    std::uint8_t seed = 1) {
  disk::plot_info out;
  out.k = 18;
  out.testnet = true;
  out.network_id = chain_spec::embedded("regtest")->network();
  out.farmer_key = farmer;
  out.seed.fill(seed);
  out.plot_id = space::make_plot_id(out.network_id, out.k, out.strength,
                                    out.farmer_key, out.payout, out.seed);
  return out;
}

/// Writes the plot into a directory; its path.
inline disk::path make_plot(const disk::path& directory,
                            const public_key& farmer, std::uint8_t seed = 1) {
  std::filesystem::create_directories(directory);
  const auto info = regtest_plot(farmer, seed);
  const auto where = directory / disk::plot_file_name(info);
  const auto fragments =
      space::make_fragments(disk::params_of(info), {2, nullptr, {}, nullptr});
  check(fragments && disk::write_plot(where, info, *fragments).has_value(),
        "a plot can be made");
  return where;
}
} // namespace spacetime::test
