// /api/v1: what is so now, from the published picture, and what was, from the database. Mounted by mount_api; the handlers
// run on web threads. docs/api.md describes the answers.
#pragma once

#include <string>

#include "daemon/published.h"
#include "web/server.h"

namespace outaged {

/// `board` must outlive the server.
void mount_api_v1(web::Server& server, const Board& board, const std::string& database);

}  // namespace outaged
