# How the origins are asked, and what is kept of what they say.
sub vcl_backend_fetch {
    if (bereq.retries == 0) {
        # What is taken out of a request below is not there for its retries either.
        var.set("source", bereq.http.X-Safelight-Source);
    }
    # By source, so that all sizes of a picture meet in one memory. First its own origin, then the
    # next one, then the other region.
    set bereq.backend = home.backend(by=KEY, key=home.key(var.get("source")), alt=bereq.retries);
    if (bereq.retries >= 2 || !std.healthy(bereq.backend)) {
        set bereq.backend = away.backend(by=KEY, key=away.key(var.get("source")));
    }
    var.set_duration("began", now - std.time("Thu, 01 Jan 1970 00:00:00 GMT", now));
    unset bereq.http.X-Safelight-Name;
    unset bereq.http.X-Safelight-Signature;
    unset bereq.http.X-Safelight-Source;
    set bereq.http.X-Request-Id = bereq.xid;
}

sub vcl_backend_response {
    # A 503 says that there is too much to do: never asked again, and it never takes the place of
    # a copy.
    if ((beresp.status >= 500 || beresp.status == 429) && bereq.is_bgfetch) {
        return (abandon);
    }
    # Varnish keeps only some statuses by itself.
    if (beresp.status == 413 || beresp.status == 415 || beresp.status == 422) {
        set beresp.ttl = std.duration(regsub(beresp.http.Cache-Control, "^(?:.*[ ,])?max-age=([0-9]+).*$", "\1s"), 0s);
    }
    if (beresp.ttl <= 0s || beresp.http.Cache-Control ~ "(?i)no-store|no-cache|private") {
        # Those who waited for it all ask for themselves, for a moment.
        set beresp.uncacheable = true;
        set beresp.ttl = 1s;
        return (deliver);
    }
    # What Varnish finds by itself is stale-while-revalidate, or ten seconds where there is none.
    set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, "^.*stale-while-revalidate=([0-9]+).*$", "\1s"), 0s);
    if (std.duration(regsub(beresp.http.Cache-Control, "^.*stale-if-error=([0-9]+).*$", "\1s"), 0s) > beresp.grace) {
        set beresp.grace = std.duration(regsub(beresp.http.Cache-Control, "^.*stale-if-error=([0-9]+).*$", "\1s"), 0s);
    }
    # An origin that ends in the midst of a picture is tried again, which is too late once a client
    # has its head.
    set beresp.do_stream = false;
    # For If-None-Match alone.
    set beresp.keep = 1d;
    # Whichever of the fields SAFELIGHT_TAG_HEADERS names.
    if (beresp.http.Surrogate-Key) {
        set beresp.http.xkey = beresp.http.Surrogate-Key;
    } else if (beresp.http.Cache-Tag) {
        set beresp.http.xkey = beresp.http.Cache-Tag;
    }
    return (deliver);
}

# No connection, one that broke, or none free; an answer that is late is not waited for twice.
sub vcl_backend_error {
    if (bereq.retries < 2
        && now - std.time("Thu, 01 Jan 1970 00:00:00 GMT", now) - var.get_duration("began") < 3s) {
        return (retry);
    }
    if (bereq.is_bgfetch) {
        return (abandon);
    }
    set beresp.status = 503;
    set beresp.http.Content-Type = "text/plain; charset=utf-8";
    set beresp.http.Cache-Control = "no-store";
    set beresp.http.Retry-After = "2";
    set beresp.body = {"No origin answers, try again
"};
    set beresp.uncacheable = true;
    set beresp.ttl = 1s;
    return (deliver);
}
