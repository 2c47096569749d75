// The wires by name: one function each, in the file of that wire. Used by wires.cpp only.
#pragma once

#include "probes/llm/wire.h"

namespace outaged::probes::llm {

Wire anthropic();
Wire openai();
Wire openai_responses();
Wire openai_compatible();
Wire azure_openai();
Wire mistral();
Wire groq();
Wire openrouter();
Wire vllm();
Wire gemini();
Wire vertex();
Wire vertex_anthropic();
Wire bedrock();
Wire bedrock_anthropic();
Wire ollama();
Wire llamacpp();

}  // namespace outaged::probes::llm
