// The rules by which a page's parts become its claim; the same for every format. Pure.
// Indicator, leaf components and open incidents are kept apart in the report and meet only here.
#pragma once

#include "core/page.h"

namespace outaged::probes {

/// The worse of two claims. `unknown` hides a good one and yields to a bad one: a page of which we do not understand a
/// part is not operational, and one that admits an outage has admitted it.
Status worse(Status a, Status b);

/// An open incident that is not yet `monitoring`: while it is there, the claim is at least degraded. Impact lifts
/// nothing.
bool lifts(const PageIncident& incident);
Status lifted(Status status);

/// Worst of indicator and leaves, lifted by open incidents; under_maintenance if the document holds nothing but a
/// maintenance in progress; unknown if it holds no claim at all.
Status page_claim(const PageReport& report);

}  // namespace outaged::probes
