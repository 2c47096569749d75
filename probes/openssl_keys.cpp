// OpenSSL 3.0 asks all its decoders whether they can read a certificate's key, and builds a chain of them anew for each:
// a third of a TLS probe. If some ENGINE names methods for that kind of key, it takes the reader it has had for twenty
// years instead. So here is one that names OpenSSL's own built-in methods, and nothing else.
#define OPENSSL_SUPPRESS_DEPRECATED  // ENGINE: deprecated in 3.0, there until 3.x ends
#include "probes/openssl_keys.h"

#include <openssl/crypto.h>
#include <openssl/engine.h>
#include <openssl/evp.h>

#include <array>

namespace outaged::probes {
namespace {

// Not EC: whoever has methods for it is also asked to make such keys, by curves it is then not told. A key exchange on
// P-256 would fail, and with it every server that knows no other group.
constexpr std::array kinds_of_key = {EVP_PKEY_RSA, EVP_PKEY_RSA_PSS};

int methods(ENGINE*, EVP_PKEY_METHOD** method, const int** kinds, int kind) {
  if (!method) {  // which kinds are there?
    *kinds = kinds_of_key.data();
    return static_cast<int>(kinds_of_key.size());
  }
  *method = const_cast<EVP_PKEY_METHOD*>(EVP_PKEY_meth_find(kind));  // OpenSSL copies it, it does not write to it
  return *method ? 1 : 0;
}

bool install() {
  // Later versions keep the chains of decoders they built.
  if (OPENSSL_version_major() != 3 || OPENSSL_version_minor() != 0) return false;
  ENGINE* engine = ENGINE_new();
  if (!engine) return false;
  const bool done = ENGINE_set_id(engine, "outaged-builtin-keys") == 1 &&
                    ENGINE_set_name(engine, "OpenSSL's own methods for RSA keys") == 1 &&
                    ENGINE_set_pkey_meths(engine, &methods) == 1 && ENGINE_add(engine) == 1 &&
                    ENGINE_register_pkey_meths(engine) == 1;
  ENGINE_free(engine);  // the list of engines holds it
  return done;
}

}  // namespace

void read_keys_the_short_way() {
  static const bool done = install();
  static_cast<void>(done);
}

}  // namespace outaged::probes
