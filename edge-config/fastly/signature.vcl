# imgproxy's signature: base64url(HMAC-SHA256(key, salt + rest)), whole or cut to 16 bytes and more.
#
# The keys are in a private dictionary `safelight_keys`: key1 and salt1 sign, key2 and salt2 are being rotated out;
# base64 of the bytes that the origins have in hex:  printf %s "$SAFELIGHT_KEYS" | xxd -r -p | base64 -w0
# Without key1 nothing is let through. A salt must have no zero byte, at which strings end here.
sub safelight_signature {
    declare local var.standard STRING;
    declare local var.given STRING;
    declare local var.first STRING;
    declare local var.second STRING;

    if (!table.contains(safelight_keys, "key1")) {
        error 803 "signature_mismatch";
    }
    # One spelling only: no stray characters, no length that no encoder makes.
    if (req.http.X-Safelight-Signature !~ "^(?=.{22,43}$)(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$") {
        error 803 "signature_malformed";
    }
    set var.standard = regsuball(regsuball(req.http.X-Safelight-Signature, "-", "+"), "_", "/");
    if (var.standard ~ "^(?:.{4})*.{2}$") {
        set var.standard = var.standard "==";
    } else if (var.standard ~ "^(?:.{4})*.{3}$") {
        set var.standard = var.standard "=";
    }
    set var.given = std.tolower(bin.base64_to_hex(var.standard));
    # … and no spare bits in the last character.
    if (bin.hex_to_base64(var.given) != var.standard) {
        error 803 "signature_malformed";
    }

    set var.first = digest.base64_decode(table.lookup(safelight_keys, "salt1")) req.http.X-Safelight-Name;
    set var.first = digest.hmac_sha256_with_base64_key(table.lookup(safelight_keys, "key1"), var.first);
    set var.first = std.tolower(regsub(var.first, "^0x", ""));
    if (!digest.secure_is_equal(substr(var.first, 0, std.strlen(var.given)), var.given)) {
        if (!table.contains(safelight_keys, "key2")) {
            error 803 "signature_mismatch";
        }
        set var.second = digest.base64_decode(table.lookup(safelight_keys, "salt2")) req.http.X-Safelight-Name;
        set var.second = digest.hmac_sha256_with_base64_key(table.lookup(safelight_keys, "key2"), var.second);
        set var.second = std.tolower(regsub(var.second, "^0x", ""));
        if (!digest.secure_is_equal(substr(var.second, 0, std.strlen(var.given)), var.given)) {
            error 803 "signature_mismatch";
        }
    }

    # Signed again, by the first pair and at full length: rotated, shortened and mangled signatures of a path are
    # one key, and the origins still check.
    set var.standard = regsuball(regsuball(bin.hex_to_base64(var.first), "[+]", "-"), "/", "_");
    set req.url = "/" regsub(var.standard, "=+$", "") req.http.X-Safelight-Name;
}
