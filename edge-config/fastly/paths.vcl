# What a path says: its signature, one name for all its spellings, and the picture that it is about. Long strings
# stand where there is a `%`, which means something else in short ones.
sub safelight_path {
    declare local var.options STRING;
    if (req.url !~ {"^/[^/:%]+/."}) {
        error 803 "signature_missing";
    }
    set req.http.X-Safelight-Signature = regsub(req.url, "^/([^/]*)/.*$", "\1");
    set req.http.X-Safelight-Name = regsub(req.url, "^/[^/]*", "");

    # What proxies and browsers do to a URL, undone, as signing/repair.py does it.
    if (req.http.X-Safelight-Name ~ "/plain/") {
        set var.options = regsub(req.http.X-Safelight-Name, "/plain/.*$", "");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Name, "^.*?/plain/", "");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Source, "^local:/(?=[^/])", "local:///");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Source, "^([A-Za-z][A-Za-z0-9+.-]*):/(?=[^/])", "\1://");
        set req.http.X-Safelight-Name = regsuball(var.options, {"(?i)%3a"}, ":") "/plain/" req.http.X-Safelight-Source;
        set req.http.X-Safelight-Source = urldecode(regsub(req.http.X-Safelight-Source, "@[^@]*$", ""));
    } else {
        set req.http.X-Safelight-Name = regsuball(req.http.X-Safelight-Name, {"(?i)%3a"}, ":");
        set req.http.X-Safelight-Source = regsub(req.http.X-Safelight-Name, "^(?:/(?:-|[^/]*:[^/]*)(?=/))*", "");
        set req.http.X-Safelight-Source = regsuball(regsub(req.http.X-Safelight-Source, "=*(?:\..*)?$", ""), "/", "");
        if (req.http.X-Safelight-Source ~ "^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$") {
            set req.http.X-Safelight-Source = digest.base64url_nopad_decode(req.http.X-Safelight-Source);
        }
    }
}
