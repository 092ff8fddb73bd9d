# imgproxy's signature: base64url(HMAC-SHA256(key, salt + rest)), whole or cut to 16 bytes and more.
#
# SAFELIGHT_KEYS and SAFELIGHT_SALTS are the origins' own, hex and comma lists. Two pairs are looked
# at here, as many as a rotation needs. Without them, and with keys that Varnish cannot hold (its
# strings end at a zero byte), signatures are the origins' business, and part of the name of a copy.
sub safelight_signature {
    var.set("keys", std.getenv("SAFELIGHT_KEYS"));
    var.set("salts", std.getenv("SAFELIGHT_SALTS"));
    if (var.get("keys") !~ "^(?:[0-9A-Fa-f]{2}|,)+$" || var.get("salts") !~ "^(?:[0-9A-Fa-f]{2}|,)+$"
        || var.get("keys") + "," + var.get("salts") ~ "(?:^|,)(?:[0-9A-Fa-f]{2})*?00") {
        set req.http.X-Safelight-Name = req.url;
        return;
    }
    # One spelling only: no stray characters, no length that no encoder makes.
    if (req.http.X-Safelight-Signature !~ "^(?=.{22,43}$)(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$") {
        return (synth(403, "The signature is malformed"));
    }
    var.set("given", blob.transcode(decoding=BASE64URLNOPAD, encoding=HEX, encoded=req.http.X-Safelight-Signature));
    # … and no spare bits in the last character.
    if (blob.transcode(decoding=HEX, encoding=BASE64URLNOPAD, encoded=var.get("given")) != req.http.X-Safelight-Signature) {
        return (synth(403, "The signature is malformed"));
    }

    var.set("key", regsub(var.get("keys"), ",.*$", ""));
    var.set("salt", regsub(var.get("salts"), ",.*$", ""));
    call safelight_compare;
    if (var.get("right") != "yes" && var.get("keys") ~ ",") {
        var.set("key", regsub(var.get("keys"), "^[^,]*,([^,]*).*$", "\1"));
        var.set("salt", regsub(var.get("salts"), "^[^,]*,([^,]*).*$", "\1"));
        call safelight_compare;
    }
    if (var.get("right") != "yes") {
        return (synth(403, "The signature does not match"));
    }
}

# Digests are compared, not signatures: how far two of them agree tells nothing.
sub safelight_compare {
    var.set("key", blob.transcode(decoding=HEX, encoding=IDENTITY, encoded=var.get("key")));
    var.set("salt", blob.transcode(decoding=HEX, encoding=IDENTITY, encoded=var.get("salt")));
    var.set("made", regsub(digest.hmac_sha256(var.get("key"), var.get("salt") + req.http.X-Safelight-Name), "^0x", ""));
    var.set("made", str.take(var.get("made"), str.count(var.get("given"))));
    if (digest.hmac_sha256(var.get("key"), var.get("made")) == digest.hmac_sha256(var.get("key"), var.get("given"))) {
        var.set("right", "yes");
    }
}
