# Safelight behind Fastly's VCL service. Upload all files of this folder under their names without `.vcl`, this
# one as the main one; origins.vcl says what else the service needs.
#
# Not tried: there is no Fastly outside of Fastly. The expressions by which paths and Accept are read are those
# of ../varnish, which are tried, and tests hold the two together.
#
# Purges, soft ones: the old copy is served once more while the new one is made.
#   curl -X POST -H 'Fastly-Key: TOKEN' -H 'Fastly-Soft-Purge: 1' \
#        https://api.fastly.com/service/ID/purge/s-f4b1416a2d222b95
include "origins";
include "accept";
include "paths";
include "signature";

sub vcl_recv {
#FASTLY recv
    if (req.method == "FASTLYPURGE") {
        # By URL; with tags there is no need of it, and whoever knows a URL could do it.
        error 805 "Purges are by tag";
    }
    if (req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS") {
        error 805 "Expected GET, HEAD or OPTIONS";
    }
    if (req.url == "/robots.txt") {
        error 800 "User-agent: *";
    }
    set req.url = regsub(req.url, "\?.*", "");

    # What could make an origin say something that others get to see, or a key of its own.
    unset req.http.Accept-Encoding;
    unset req.http.Accept-Language;
    unset req.http.Authorization;
    unset req.http.Cache-Control;
    unset req.http.Cookie;
    unset req.http.Forwarded;
    unset req.http.Origin;
    unset req.http.Pragma;
    unset req.http.Referer;
    unset req.http.Traceparent;
    unset req.http.Tracestate;
    unset req.http.User-Agent;
    unset req.http.X-Forwarded-Host;
    unset req.http.X-Forwarded-Port;
    unset req.http.X-Forwarded-Prefix;
    unset req.http.X-Forwarded-Proto;
    unset req.http.X-Host;
    unset req.http.X-HTTP-Method-Override;
    unset req.http.X-Original-URL;
    unset req.http.X-Real-IP;
    unset req.http.X-Request-Id;
    unset req.http.X-Rewrite-URL;

    call safelight_path;
    call safelight_signature;
    call safelight_accept;

    # By source, so that all sizes of a picture meet in one memory.
    set client.identity = req.http.X-Safelight-Source;
    unset req.http.X-Safelight-Name;
    unset req.http.X-Safelight-Signature;
    unset req.http.X-Safelight-Source;
    # The second try is the other region's (vcl_error).
    if (req.restarts == 0) {
        set req.backend = fastly.try_select_shield(ssl_shield_fra_frankfurt_de, home);
    } else {
        set req.backend = fastly.try_select_shield(ssl_shield_lon_london_uk, away);
    }
    if (req.method == "OPTIONS") {
        return(pass);
    }
    return(lookup);
}

# Host is no part of it: origins know one. Accept is, by their Vary, as one of four values.
sub vcl_hash {
    set req.hash += req.url;
#FASTLY hash
    return(hash);
}

sub vcl_hit {
#FASTLY hit
    return(deliver);
}

sub vcl_miss {
#FASTLY miss
    return(fetch);
}

sub vcl_pass {
#FASTLY pass
    return(pass);
}

sub vcl_fetch {
#FASTLY fetch
    # A 503 of an origin's says that there is too much to do: never asked again, and never in place of a copy.
    if (beresp.status >= 500 || beresp.status == 429) {
        if (stale.exists) {
            return(deliver_stale);
        }
        set beresp.cacheable = false;
        return(deliver);
    }
    # Fastly obeys neither of these by itself.
    if (beresp.http.Cache-Control !~ "(?i)max-age=[1-9]"
        || beresp.http.Cache-Control ~ "(?i)no-store|no-cache|private") {
        set beresp.cacheable = false;
        return(deliver);
    }
    # It keeps only some statuses by itself; max-age and both of the stale windows it reads.
    if (beresp.status == 413 || beresp.status == 415 || beresp.status == 422) {
        set beresp.cacheable = true;
    }
    # Whichever of the fields SAFELIGHT_TAG_HEADERS names.
    if (!beresp.http.Surrogate-Key && beresp.http.Cache-Tag) {
        set beresp.http.Surrogate-Key = regsuball(beresp.http.Cache-Tag, ",", " ");
    }
    return(deliver);
}

# What is not an origin's answer: no connection, one that broke, or an answer that is late.
sub vcl_error {
#FASTLY error
    if (obj.status >= 800 && obj.status < 810) {
        set obj.http.Content-Type = "text/plain; charset=utf-8";
        set obj.http.Cache-Control = "no-store";
        synthetic obj.response + LF;
        if (obj.status == 803) {
            set obj.http.X-Safelight-Error = obj.response;
            set obj.status = 403;
        } else if (obj.status == 805) {
            set obj.status = 405;
        } else {
            set obj.status = 200;
        }
        return(deliver);
    }
    if (stale.exists) {
        return(deliver_stale);
    }
    # Late means that its time is over; anything else has hardly taken any.
    if (req.restarts == 0 && obj.response !~ "(?i)(?:first byte|between bytes) timeout") {
        restart;
    }
    set obj.status = 503;
    set obj.http.Content-Type = "text/plain; charset=utf-8";
    set obj.http.Cache-Control = "no-store";
    set obj.http.Retry-After = "2";
    synthetic "No origin answers, try again" + LF;
    return(deliver);
}

sub vcl_deliver {
#FASTLY deliver
    # A shield answers edges, which need them.
    if (fastly.ff.visits_this_service == 0) {
        unset resp.http.CDN-Cache-Control;
        unset resp.http.Cache-Tag;
        unset resp.http.Surrogate-Key;
        unset resp.http.xkey;
    }
    return(deliver);
}

sub vcl_log {
#FASTLY log
}
