// The table of wires: to add one, a file under wires/ and a line here.
#include <algorithm>
#include <array>

#include "probes/llm/wires/all.h"

namespace outaged::probes::llm {
namespace {

struct Alias {
  std::string_view other, name;
};
constexpr std::array aliases = {
    Alias{"azure", "azure-openai"},
    Alias{"openai-chat", "openai"},
    Alias{"llama.cpp", "llamacpp"},
    Alias{"llama-cpp", "llamacpp"},
    Alias{"google", "gemini"},
    Alias{"vertex-ai", "vertex"},
    Alias{"aws-bedrock", "bedrock"},
    Alias{"bedrock-converse", "bedrock"},
    Alias{"claude", "anthropic"},
    Alias{"anthropic-bedrock", "bedrock-anthropic"},
    Alias{"anthropic-vertex", "vertex-anthropic"},
};

}  // namespace

const std::vector<Wire>& wires() {
  static const std::vector<Wire> table = {
      anthropic(),
      openai(),
      openai_responses(),
      openai_compatible(),
      azure_openai(),
      mistral(),
      groq(),
      openrouter(),
      vllm(),
      gemini(),
      vertex(),
      vertex_anthropic(),
      bedrock(),
      bedrock_anthropic(),
      ollama(),
      llamacpp(),
  };
  return table;
}

const Wire* find_wire(std::string_view name) {
  for (const Alias& alias : aliases)
    if (alias.other == name) name = alias.name;
  const auto found = std::find_if(wires().begin(), wires().end(), [&](const Wire& wire) { return wire.name == name; });
  return found == wires().end() ? nullptr : &*found;
}

}  // namespace outaged::probes::llm
