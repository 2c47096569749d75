// POST /hooks/page/{token}: a status page's vendor says that something changed. docs/api.md describes it. The handler runs
// on web threads.
#pragma once

#include <functional>
#include <string>

#include "daemon/page_hooks.h"
#include "web/server.h"

namespace outaged {

/// `read_now` gets the page's name; any thread. Both outlive the server.
void mount_hooks(web::Server& server, PageHooks& hooks, std::function<void(const std::string& page)> read_now);

}  // namespace outaged
