// AWS Signature Version 4: what a request to Bedrock must carry. Checked against AWS's published test vectors.
// Called by probes/llm/requests/bedrock.cpp on the loop's thread; pure: the time comes in. Never keeps a key.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/time.h"
#include "probes/probe.h"

namespace outaged::probes::llm {

struct AwsKeys {
  std::string access_key_id, secret_access_key;
  std::string session_token;  // of temporary keys; may be empty
};

/// Where a signature holds.
struct AwsScope {
  std::string region, service;
};

/// The steps of a signature, as AWS's documentation names them.
struct AwsSignature {
  std::string canonical_request, string_to_sign, signed_headers, signature;
  std::string authorization;  // the header's value
};

/// "20150830T123600Z", whole seconds.
std::string aws_time(Timestamp now);

/// Signs exactly these headers; `host` and `x-amz-date` must be among them. The URL's path is taken as it is sent, and
/// encoded once more, as every service but S3 wants it.
AwsSignature sign_aws(std::string_view method, std::string_view url,
                      const std::vector<std::pair<std::string, std::string>>& headers, std::string_view body,
                      const AwsKeys& keys, const AwsScope& scope, Timestamp now);

/// Adds x-amz-date, x-amz-security-token and authorization to a request that is complete otherwise.
void sign_request(Request& request, const AwsKeys& keys, const AwsScope& scope, Timestamp now);

}  // namespace outaged::probes::llm
