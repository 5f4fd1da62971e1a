require "openssl"

# body: the raw bytes (request.raw_post); signature: the header x-hub-signature.
def from_aurix?(secret, body, signature)
  expected = OpenSSL::HMAC.hexdigest("SHA256", secret, body)
  given = signature.to_s
  given.bytesize == expected.bytesize && OpenSSL.fixed_length_secure_compare(expected, given)
end
