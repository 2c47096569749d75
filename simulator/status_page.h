// The status page of a scenario at a moment, as the documents of Statuspage's v2 API. Pure. Times in the documents are
// real (the reader's clock): a moment of the scenario is `started` plus its time divided by `speed`.
#pragma once

#include <string>

#include "simulator/scenario.h"

namespace outaged::simulator {

struct PageMoment {
  Duration now{};        // scenario time
  Timestamp started{};   // real
  double speed = 1;
  std::string url;       // of the page: "http://127.0.0.1:1234/status"
};

/// What the page says at a scenario time.
const PageClaim& claim_at(const PageScript& page, Duration now);
std::string indicator_of(const PageClaim& claim);    // as stated, or as follows from the components
std::string description_of(const PageClaim& claim);

std::string summary_json(const PageScript& page, const PageMoment& moment);
std::string incidents_json(const PageScript& page, const PageMoment& moment);
std::string page_html(const PageScript& page, const PageMoment& moment);

}  // namespace outaged::simulator
