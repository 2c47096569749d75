// What a person would find wrong with a web page that answers 200: it is blank, a notice of maintenance, a login where
// the page belongs, or a shell whose scripts are gone. Used by the kind `http` with `page: true`; pure, bounded.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "probes/probe.h"

namespace outaged::probes {

struct PageLook {
  Class cls = Class::ok;
  std::string problem;  // the end of a sentence: "but it is a blank page"
  /// Absolute URLs of the scripts and styles without which it does not work: at most `max_assets`.
  struct Asset {
    std::string url;
    bool script = true;
  };
  std::vector<Asset> assets;
};
inline constexpr std::size_t max_assets = 3;

/// `asked` is the URL that was configured: who watches a login page expects a login form.
PageLook look_at_page(const Response& response, const std::string& asked);

/// What is wrong with an asset's answer ("its script https://… is dead: HTTP 404"); nullopt if nothing is, or if we
/// cannot tell.
std::optional<std::string> broken_asset(const PageLook::Asset& asset, const Response& response);

}  // namespace outaged::probes
