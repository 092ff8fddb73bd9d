"""Keys, paths and strategies that several tests of signing use."""

from __future__ import annotations

from hypothesis import strategies as st

from signing.keys import KeyPair

PAIR = KeyPair(b"test-key", b"test-salt")
OTHER = KeyPair(b"test-key2", b"test-salt2")
REST = b"/rs:fill:4:4/plain/local:///test1.png"
SIGNED = b"/My9d3xq_PYpVHsPrCyww0Kh1w5KZeZhIlWhsa4az1TI" + REST

pairs = st.builds(KeyPair, st.binary(min_size=1, max_size=64), st.binary(min_size=1, max_size=64))
rests = st.one_of(
    st.binary(min_size=1, max_size=80),
    st.text("abz%3Aa:/.@+-_", min_size=1, max_size=40).map(str.encode),
    st.text("abz%3Aa:/.@+-_", max_size=20).map(lambda text: b"plain/local:/" + text.encode()),
).map(lambda rest: b"/" + rest)
