// Them or us? What a failed completion's controls say: a request without a key, and a free one with it, asked in the
// same run. Called by the llm kind on the loop's thread; pure.
#pragma once

#include <optional>
#include <string>

#include "core/classes.h"

namespace outaged::probes::llm {

/// How one control went. For a canary `ok` is that it was refused in the provider's own shape.
struct ControlOutcome {
  Class cls = Class::ok;
  std::string asked;  // "GET /v1/models"
};

struct Blame {
  Class cls;
  std::string sentence;  // for the evidence
};

/// Which controls a failure of this class calls for. None where no connection stood (the engine's own controls say
/// whose network that is), and none that would be impolite or pointless.
struct ControlPlan {
  bool canary = false, keyed = false;
  bool models_list = false;  // only whether the model is still on the list
};
ControlPlan controls_for(Class cls);

/// `status` is the failed completion's; `worked` says that the key was good for one within the last day.
Blame settle_blame(Class cls, int status, const std::optional<ControlOutcome>& canary,
                   const std::optional<ControlOutcome>& keyed, bool worked);

}  // namespace outaged::probes::llm
