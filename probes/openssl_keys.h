// Makes OpenSSL 3.0 read the public keys of certificates the short way. Called once, before the first TLS exchange, by the
// runner; the whole process is affected. Changes no result, only what it costs (docs/decisions/0011).
#pragma once

namespace outaged::probes {

void read_keys_the_short_way();

}  // namespace outaged::probes
