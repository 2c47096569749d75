// What others may tell us: POST /api/v1/observations (real traffic), /api/v1/reports (people), and
// /api/v1/heartbeat/{service}/{component}/{target} (kind `push`). docs/api.md describes them. Mounted by mount_api; the
// handlers run on web threads. Requests that another web site makes a browser send are refused.
#pragma once

#include <memory>

#include "daemon/ingest.h"
#include "probes/heartbeats.h"
#include "web/server.h"

namespace outaged {

/// All three outlive the server.
void mount_ingest(web::Server& server, const Board& board, Ingest& ingest, probes::Heartbeats& heartbeats);

}  // namespace outaged
