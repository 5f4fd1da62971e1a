import hashlib, hmac

def is_from_aurix(secret: str, body: bytes, signature: str) -> bool:
    """`body`: the raw bytes; `signature`: the header x-hub-signature."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)
