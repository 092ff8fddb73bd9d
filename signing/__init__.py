"""Signed URLs: keys, signatures and their expiry. Pure: bytes in, bytes out.

scheme      the protocol: verify and sign
imgproxy    imgproxy's signatures, and the stand-in for a server without keys
repair      what proxies do to a URL, undone before it is checked
base64url   the strict spelling of a signature
keys        key and salt lists
expiry      when a URL says that it ends
diagnosis   why a signature is refused, in plain words; `mistakes` holds what it tries
errors      all that can go wrong
"""
