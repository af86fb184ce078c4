#include "tools/spacetime/config/config.hpp"
#include "tools/spacetime/config/home.hpp"
#include "tools/spacetime/config/names.hpp"

#include <algorithm>

namespace spacetime::config {
namespace {
/// Who set a value, in words; `network` is the chosen one's name.
std::string words_for(value_source source, const std::string& network) {
  switch (source) {
  case value_source::flag: return "command line";
  case value_source::environment: return "environment";
  case value_source::file: return "file";
  case value_source::network: return "default of " + network;
  case value_source::built_in: break;
  }
  return "built-in default";
}

/// `text` in lines for a terminal, each behind `lead`.
std::string wrapped(std::string_view lead, std::string_view text) {
  constexpr std::size_t width = 78;
  std::string out;
  std::string line;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (!line.empty() && line.size() + 1 + word.size() > width) {
      out += line + "\n";
      line.clear();
    }
    line += line.empty() ? std::string{lead} : " ";
    line += word;
  }
  return out + line + "\n";
}

/// A node.toml: the lines of every key by `write`, in their sections.
template <class Write>
std::string document(bool documented, Write write) {
  std::string out;
  for (const auto& key : keys())
    if (section_of(key).empty()) out += write(key);
  for (const auto& section : sections()) {
    out += "\n";
    if (documented) out += wrapped("# ", section.doc);
    out += "[" + std::string{section.name} + "]\n";
    for (const auto& key : keys())
      if (section_of(key) == section.name) out += write(key);
  }
  return out;
}
} // namespace

std::optional<value_source> config::source(std::string_view name) const {
  const auto* const key = find_key(name);
  if (key == nullptr) return std::nullopt;
  const auto& all = by_key_[index_of(*key)];
  const auto set =
      std::ranges::find_if(all, [](const auto& e) { return e.has_value(); });
  return static_cast<value_source>(set - all.begin());
}

result<std::string> config::explain(std::string_view name) const {
  const auto* const key = find_key(name);
  if (key == nullptr)
    return fail(errc::not_found, "unknown key " + ticked(name) + "; nearest is "
                                     + ticked(nearest_key(name)));
  const auto& all = by_key_[index_of(*key)];
  const auto said = [&](value_source source) -> std::string {
    const auto& e = all[static_cast<std::size_t>(source)];
    if (!e) return "not set";
    const auto text = written(*key, e->value);
    return source == value_source::file ? text + " at " + e->where : text;
  };
  auto copy = values_;
  auto out = std::string{key->name} + " = "
             + ::spacetime::config::render(key->at(copy)) + "   ("
             + words_for(*source(name), values_.node.network)
             + "; file: " + said(value_source::file);
  if (!key->file_only) out += "; env: " + said(value_source::environment);
  out += ")\n" + wrapped("  ", key->doc)
         + wrapped("  ", "Expects " + expectation_of(*key) + "; default "
                             + default_of(*key) + ".");
  if (!key->file_only)
    out +=
        "  Variable " + variable_of(*key) + ", flag " + flag_of(*key) + ".\n";
  return out + "  Since " + std::string{key->since} + "; a change acts "
         + (key->restart ? "at the next start.\n"
                         : "at the next start, or at once by RPC.\n");
}

std::string config::render() const {
  return document(false, [this](const key_spec& key) {
    auto copy = values_;
    return std::string{leaf_of(key)} + " = "
           + ::spacetime::config::render(key.at(copy)) + " # "
           + words_for(*source(key.name), values_.node.network) + "\n";
  });
}

std::string render_default() {
  std::string out = wrapped(
      "# ", "Spacetime's configuration. A key behind '#' has its default: take "
            "the '#' away to change it. A flag (--rpc-listen) overrides a "
            "variable (SPACETIME_RPC__LISTEN), a variable this file, and this "
            "file the defaults. Unknown keys are refused. No secret belongs "
            "here. `spacetime config check` tests the file, `spacetime config "
            "explain KEY` says what a key is and where its value comes from.");
  return out + document(true, [](const key_spec& key) {
           const auto line =
               std::string{leaf_of(key)} + " = " + default_of(key) + "\n";
           return "\n" + wrapped("# ", key.doc)
                  + wrapped("# ", "Expects " + expectation_of(key) + ".")
                  + (key.file_only ? line : "#" + line);
         });
}

status write_default(const std::filesystem::path& file) {
  return write_new(file, render_default());
}
} // namespace spacetime::config
