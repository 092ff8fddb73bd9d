# The four values of Accept that make a difference, with weights as in origin/negotiation.py: who likes WebP
# better than AVIF gets WebP. (accept.media_lookup knows no ties and no refusals.)
sub safelight_accept {
    declare local var.avif FLOAT;
    declare local var.webp FLOAT;
    set var.avif = 0;
    set var.webp = 0;
    # A URL that ends in a format is the same for everybody.
    if (req.http.X-Safelight-Name !~ "(?:/plain/.*@[^@]+|^(?!.*/plain/).*/[^/:]*\.[^/.]+)$") {
        # What breaks the grammar of a weight is ignored, and so is a type with other parameters.
        if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/avif[ \t]*(?:,|$)") {
            set var.avif = 1;
        } else if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/avif[ \t]*;[ \t]*q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:,|$)") {
            set var.avif = std.atof(regsub(req.http.Accept, "(?i)^(?:.*,)?[ \t]*image/avif[ \t]*;[ \t]*q=([01](?:\.[0-9]+)?).*$", "\1"));
        }
        if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/webp[ \t]*(?:,|$)") {
            set var.webp = 1;
        } else if (req.http.Accept ~ "(?i)(?:^|,)[ \t]*image/webp[ \t]*;[ \t]*q=(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)[ \t]*(?:,|$)") {
            set var.webp = std.atof(regsub(req.http.Accept, "(?i)^(?:.*,)?[ \t]*image/webp[ \t]*;[ \t]*q=([01](?:\.[0-9]+)?).*$", "\1"));
        }
    }
    if (var.avif > 0 && var.avif >= var.webp) {
        set req.http.Accept = if(var.webp > 0, "image/avif,image/webp", "image/avif");
    } else {
        set req.http.Accept = if(var.webp > 0, "image/webp", "*/*");
    }
}
