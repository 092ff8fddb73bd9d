# The four values of Accept that make a difference, with weights as in origin/negotiation.py: who
# likes WebP better than AVIF gets WebP. (vmod_accept ignores weights, and so takes q=0 for a yes.)
sub safelight_accept {
    set req.http.X-Safelight-Avif = "0";
    set req.http.X-Safelight-Webp = "0";
    # A URL that ends in a format is the same for everybody.
    if (req.http.X-Safelight-Name !~ "(?:/plain/.*@[^@]+|^(?!.*/plain/).*/[^/:]*\.[^/.]+)$") {
        std.collect(req.http.Accept);
        call safelight_weights;
    }
    if (std.real(req.http.X-Safelight-Avif, 0.0) > 0.0
        && std.real(req.http.X-Safelight-Avif, 0.0) >= std.real(req.http.X-Safelight-Webp, 0.0)) {
        if (std.real(req.http.X-Safelight-Webp, 0.0) > 0.0) {
            set req.http.Accept = "image/avif,image/webp";
        } else {
            set req.http.Accept = "image/avif";
        }
    } else if (std.real(req.http.X-Safelight-Webp, 0.0) > 0.0) {
        set req.http.Accept = "image/webp";
    } else {
        set req.http.Accept = "*/*";
    }
    unset req.http.X-Safelight-Avif;
    unset req.http.X-Safelight-Webp;
}

# What breaks the grammar of a weight is ignored, and so is a type with other parameters.
sub safelight_weights {
    if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/avif[ \t]*(?:,|$)") {
        set req.http.X-Safelight-Avif = "1";
    } else if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/avif[ \t]*;[ \t]*q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:,|$)") {
        set req.http.X-Safelight-Avif = regsub(req.http.Accept, "(?i)^(?:.*,)?[ \t]*image/avif[ \t]*;[ \t]*q=([01](?:\.[0-9]+)?).*$", "\1");
    }
    if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/webp[ \t]*(?:,|$)") {
        set req.http.X-Safelight-Webp = "1";
    } else if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/webp[ \t]*;[ \t]*q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:,|$)") {
        set req.http.X-Safelight-Webp = regsub(req.http.Accept, "(?i)^(?:.*,)?[ \t]*image/webp[ \t]*;[ \t]*q=([01](?:\.[0-9]+)?).*$", "\1");
    }
}
