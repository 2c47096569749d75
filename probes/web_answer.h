// A web page, for people, of which no more is known than that it should be one. Used by `outaged classify`; pure.
#pragma once

#include "probes/attribution.h"

namespace outaged::probes {

/// As attribute(), and of a page with a right status also what a person would find wrong with it: blank, a maintenance
/// page, a login in its place. A status of 0 stands for "not known".
Attribution attribute_web(const Response& response);

}  // namespace outaged::probes
