// Inputs through the engine, and what it said of them as text: equal text means equal effects.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "core/codec.h"
#include "core/engine.h"

namespace outaged::test {

/// Effects as text, with their times: equal text means equal effects.
inline std::string fold(Engine& engine, const std::vector<Input>& inputs, std::size_t from = 0, std::size_t to = SIZE_MAX) {
  std::string story;
  Effects effects;
  for (std::size_t i = from; i < std::min(to, inputs.size()); ++i) {
    engine.step(inputs[i], effects);
    for (const auto& [at, effect] : effects.list) {
      story += format_time(at) + " ";
      if (const auto* e = std::get_if<VerdictChanged>(&effect)) story += encode(e->after);
      if (const auto* e = std::get_if<IncidentOpened>(&effect)) story += "opened " + encode(e->incident);
      if (const auto* e = std::get_if<IncidentReopened>(&effect)) story += "reopened " + encode(e->incident);
      if (const auto* e = std::get_if<IncidentRecovered>(&effect)) story += "recovered " + encode(e->incident);
      if (const auto* e = std::get_if<IncidentUpdated>(&effect)) story += "updated " + encode(e->incident);
      if (const auto* e = std::get_if<NetworkChanged>(&effect)) story += e->text;
      if (const auto* e = std::get_if<SelfNotice>(&effect)) story += e->subject + e->text;
      if (const auto* e = std::get_if<CadenceChanged>(&effect)) {
        story += "every " + format_duration(e->interval) + " not before " + format_time(e->not_before);
      }
      if (const auto* e = std::get_if<StreamChanged>(&effect)) story += e->firing ? "fires" : "stops";
      story += "\n";
    }
  }
  return story;
}

}  // namespace outaged::test
