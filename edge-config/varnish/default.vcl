# A caching edge in front of Safelight: Varnish 7 with Debian's varnish-modules and
# varnish-vmod-digest. `start` beside this has the parameters. Varnish speaks no TLS: put nginx,
# HAProxy or hitch before it.
vcl 4.1;

import blob;
import digest;
import directors;
import std;
import str;
import var;
import xkey;

include "origins.vcl";
include "accept.vcl";
include "paths.vcl";
include "signature.vcl";
include "answers.vcl";

sub vcl_recv {
    # Only the port that is not public takes purges: behind a proxy every client is 127.0.0.1.
    if (local.socket == "purge") {
        call safelight_purge;
    }
    if (req.method != "GET" && req.method != "HEAD" && req.method != "OPTIONS") {
        return (synth(405));
    }
    if (req.http.Content-Length ~ "[1-9]" || req.http.Transfer-Encoding) {
        return (synth(413));
    }
    if (req.url == "/edge-health") {
        return (synth(200));
    }
    if (req.url == "/robots.txt") {
        return (synth(200, "User-agent: *"));
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
    set req.http.Host = "safelight";

    call safelight_path;
    call safelight_signature;
    call safelight_accept;
    if (req.method == "OPTIONS") {
        return (pass);
    }

    # A copy has the longer of its two windows as grace. While anyone can be asked, the one of
    # stale-while-revalidate counts, which Safelight makes a week.
    if (std.healthy(home.backend(resolve=LAZY)) || std.healthy(away.backend(resolve=LAZY))) {
        set req.grace = 7d;
    }
    return (hash);
}

sub vcl_hash {
    hash_data(req.http.X-Safelight-Name);
    return (lookup);
}

sub safelight_purge {
    if (req.method != "PURGE") {
        return (synth(405));
    }
    # Soft: the old copy is served once more, while a new one is fetched. A hard purge of what many
    # look at is a herd of one's own making.
    if (req.http.xkey-softpurge) {
        return (synth(200, "Expired " + xkey.softpurge(req.http.xkey-softpurge)));
    }
    if (req.http.xkey-purge) {
        return (synth(200, "Removed " + xkey.purge(req.http.xkey-purge)));
    }
    return (synth(400, "Expected xkey-softpurge or xkey-purge: tag tag"));
}

sub vcl_synth {
    set resp.http.Content-Type = "text/plain; charset=utf-8";
    set resp.http.Cache-Control = "no-store";
    set resp.body = resp.reason + {"
"};
    return (deliver);
}

sub vcl_deliver {
    if (obj.hits == 0) {
        var.set("did", "fwd=uri-miss");
    } else if (obj.ttl < 0s) {
        var.set("did", "hit; detail=stale");
    } else {
        var.set("did", "hit");
    }
    if (resp.http.Cache-Status) {
        set resp.http.Cache-Status = resp.http.Cache-Status + ", varnish; " + var.get("did");
    } else {
        set resp.http.Cache-Status = "varnish; " + var.get("did");
    }
    unset resp.http.Via;
    unset resp.http.X-Varnish;
    # For this edge alone. Where a CDN pulls from here, take these lines out: it needs them.
    unset resp.http.CDN-Cache-Control;
    unset resp.http.Cache-Tag;
    unset resp.http.Surrogate-Key;
    unset resp.http.xkey;
}
