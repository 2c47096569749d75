#include "probes/kinds/perfdata.h"

#include "core/text.h"

namespace outaged::probes {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

bool is_number_start(char c) { return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || c == 'U'; }

/// 'label with blanks'=value or label=value, with '' for a quote in quotes; what is neither is passed over.
void read_measurements(std::string_view text, std::vector<Measurement>& out) {
  std::size_t at = 0;
  while (at < text.size() && out.size() < max_measurements) {
    while (at < text.size() && is_space(text[at])) ++at;
    std::string label;
    if (at < text.size() && text[at] == '\'') {
      for (++at; at < text.size(); ++at) {
        if (text[at] != '\'') {
          label += text[at];
        } else if (at + 1 < text.size() && text[at + 1] == '\'') {
          label += text[at++];
        } else {
          ++at;
          break;
        }
      }
    } else {
      while (at < text.size() && text[at] != '=' && !is_space(text[at])) label += text[at++];
    }
    const bool assigned = at < text.size() && text[at] == '=';
    const std::size_t begin = assigned ? at + 1 : at;
    at = begin;
    while (at < text.size() && !is_space(text[at])) ++at;
    if (!assigned || label.empty() || begin == at || !is_number_start(text[begin])) continue;
    out.push_back({clean_line(label, 60), clean_line(text.substr(begin, at - begin), 80)});
  }
}

}  // namespace

PluginOutput read_plugin_output(std::string_view output) {
  PluginOutput out;
  const std::size_t end = output.find('\n');
  const std::string_view first = output.substr(0, end);
  const std::size_t bar = first.find('|');
  out.line = clean_line(first.substr(0, bar), 250);
  while (out.line.ends_with(' ')) out.line.pop_back();
  if (bar != std::string_view::npos) read_measurements(first.substr(bar + 1), out.measurements);
  // In what follows, longer text comes before a second bar and more data after it.
  const std::string_view rest = end == std::string_view::npos ? std::string_view{} : output.substr(end + 1);
  if (const std::size_t second = rest.find('|'); second != std::string_view::npos)
    read_measurements(rest.substr(second + 1), out.measurements);
  return out;
}

}  // namespace outaged::probes
