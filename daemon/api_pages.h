// /api/v1/pages: every page's record, and what it posted. docs/api.md describes the fields. Handlers run on web threads.
#pragma once

#include <string>

#include "daemon/published.h"
#include "web/server.h"

namespace outaged {

void mount_api_pages(web::Server& server, const Board& board, const std::string& database);

}  // namespace outaged
