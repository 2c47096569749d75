// OpenAI's chat completions, and those who answer exactly alike: Azure, Groq, vLLM, and whoever else imitates it.
#include "probes/llm/wires/all.h"
#include "probes/llm/wires/shapes.h"

namespace outaged::probes::llm {
namespace {

Wire like_openai(std::string_view name, std::string_view domain) {
  return {.name = name, .domain = domain, .read_stream = read_openai_stream, .read_body = read_openai_body};
}

}  // namespace

Wire openai() { return like_openai("openai", "openai.com"); }
Wire openai_compatible() { return like_openai("openai-compatible", ""); }
Wire azure_openai() { return like_openai("azure-openai", "azure.com"); }
Wire groq() { return like_openai("groq", "groq.com"); }

Wire vllm() {
  Wire out = like_openai("vllm", "");
  out.blank_health = true;
  return out;
}

}  // namespace outaged::probes::llm
