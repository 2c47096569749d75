// A certificate authority for one test run: certificates that are right, expired, or for another name. Made in memory;
// only the authority's own certificate is written, for the program under test.
#pragma once

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

namespace test {

template <auto Free>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, OpenSslFree<&EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, OpenSslFree<&X509_free>>;
using TlsContext = std::unique_ptr<SSL_CTX, OpenSslFree<&SSL_CTX_free>>;

class Authority {
 public:
  Authority() : key_(EVP_EC_gen("P-256")) {
    static int count = 0;
    certificate_ = make("test authority " + std::to_string(++count), "", -86400, 10 * 86400, key_.get(), nullptr);
    char path[] = "/tmp/outaged-test-ca-XXXXXX";
    const int fd = mkstemp(path);
    std::FILE* file = fd < 0 ? nullptr : fdopen(fd, "w");
    if (!file || PEM_write_X509(file, certificate_.get()) != 1) throw std::runtime_error("cannot write the test CA");
    std::fclose(file);
    path_ = path;
  }
  ~Authority() { unlink(path_.c_str()); }
  Authority(const Authority&) = delete;
  Authority& operator=(const Authority&) = delete;

  const std::string& path() const { return path_; }

  /// A PEM file with a client's certificate and its key.
  std::string client_file() const {
    const Key key{EVP_EC_gen("P-256")};
    const Certificate leaf = make("client", "", -86400, 86400, key.get(), this);
    char path[] = "/tmp/outaged-test-client-XXXXXX";
    const int fd = mkstemp(path);
    std::FILE* file = fd < 0 ? nullptr : fdopen(fd, "w");
    if (!file || PEM_write_X509(file, leaf.get()) != 1 ||
        PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
      throw std::runtime_error("cannot write the client's certificate");
    std::fclose(file);
    return path;
  }

  /// A server that vouches for itself.
  static TlsContext self_signed(const std::string& names) {
    const Key key{EVP_EC_gen("P-256")};
    const Certificate own = make("nobody", names, -86400, 86400, key.get(), nullptr);
    TlsContext context{SSL_CTX_new(TLS_server_method())};
    if (!context || SSL_CTX_use_certificate(context.get(), own.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
      throw std::runtime_error("cannot make a TLS server");
    return context;
  }

  /// A server's context with a certificate for `names` ("IP:127.0.0.1", "DNS:a.test"); validity in seconds from now.
  TlsContext server(const std::string& names, long not_before = -86400, long not_after = 86400) const {
    const Key key{EVP_EC_gen("P-256")};
    const Certificate leaf = make("leaf", names, not_before, not_after, key.get(), this);
    TlsContext context{SSL_CTX_new(TLS_server_method())};
    if (!context || SSL_CTX_use_certificate(context.get(), leaf.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), key.get()) != 1)
      throw std::runtime_error("cannot make a TLS server");
    return context;
  }

 private:
  static Certificate make(const std::string& name, const std::string& names, long not_before, long not_after,
                          EVP_PKEY* key, const Authority* issuer) {
    static long serial = 1;
    Certificate certificate{X509_new()};
    X509* const x = certificate.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), not_before);
    X509_gmtime_adj(X509_getm_notAfter(x), not_after);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer->certificate_.get() : x));
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer ? issuer->certificate_.get() : x, x, nullptr, nullptr, 0);
    const auto extend = [&](int nid, const std::string& value) {
      X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
      if (!extension) throw std::runtime_error("bad extension " + value);
      X509_add_ext(x, extension, -1);
      X509_EXTENSION_free(extension);
    };
    extend(NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (!names.empty()) extend(NID_subject_alt_name, names);
    if (X509_sign(x, issuer ? issuer->key_.get() : key, EVP_sha256()) == 0) throw std::runtime_error("cannot sign");
    return certificate;
  }

  Key key_;
  Certificate certificate_;
  std::string path_;
};

}  // namespace test
