# What a path says: its signature, one name for all its spellings, and the picture that it is about.
sub safelight_path {
    if (req.url !~ "^/[^/:%]+/.") {
        return (synth(403, "The signature is missing"));
    }
    set req.http.X-Safelight-Signature = regsub(req.url, "^/([^/]*)/.*$", "\1");
    set req.http.X-Safelight-Name = regsub(req.url, "^/[^/]*", "");

    # What proxies and browsers do to a URL, undone, as signing/repair.py does it.
    if (req.http.X-Safelight-Name ~ "/plain/") {
        set req.http.X-Safelight-Options = regsub(req.http.X-Safelight-Name, "/plain/.*$", "");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Name, "^.*?/plain/", "");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Source, "^local:/(?=[^/])", "local:///");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Source, "^([A-Za-z][A-Za-z0-9+.-]*):/(?=[^/])", "\1://");
        set req.http.X-Safelight-Name = regsuball(req.http.X-Safelight-Options, "(?i)%3a", ":")
            + "/plain/" + req.http.X-Safelight-Source;
        call safelight_plain;
    } else {
        set req.http.X-Safelight-Name = regsuball(req.http.X-Safelight-Name, "(?i)%3a", ":");
        call safelight_base64;
    }
    unset req.http.X-Safelight-Options;
}

# The reference of the source, however it is written, so that all its sizes go to one origin. A
# decoder that fails would fail the request: what it would not take stands for itself.
sub safelight_plain {
    set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Source, "@[^@]*$", "");
    if (req.http.X-Safelight-Source !~ "%(?![0-9A-Fa-f]{2})|%00") {
        set req.http.X-Safelight-Source = blob.transcode(decoding=URL, encoding=IDENTITY, encoded=req.http.X-Safelight-Source);
    }
}

sub safelight_base64 {
    set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Name, "^(?:/(?:-|[^/]*:[^/]*)(?=/))*", "");
    set req.http.X-Safelight-Source = regsuball(regsub(req.http.X-Safelight-Source, "=*(?:\..*)?$", ""), "/", "");
    if (req.http.X-Safelight-Source ~ "^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$") {
        set req.http.X-Safelight-Source = blob.transcode(decoding=BASE64URLNOPAD, encoding=IDENTITY, encoded=req.http.X-Safelight-Source);
    }
}
